#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_store
short_description: Create, attach, rename, move, merge and detach archive stores of MailStore SPE
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has an archive store, with its name, its folder and its requested state; or that it has
    it no longer.
  - What already is as it should be is left alone. A second run only looks.
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.instance
  - mops.maintenance.mailstore.waiting
  - mops.maintenance.mailstore.reference
options:
  name:
    description:
      - The name of the archive store, by which it is found. With O(id), what the store is to be called.
    type: str
  id:
    description: The number of the archive store, C(id). With it, O(name) is what the store is to be called.
    type: int
  state:
    description:
      - V(present) creates or attaches the store if it is not there, see O(attach), and sets what is asked for.
      - V(detached) takes the store, named by O(id) or O(name), away from the instance. Its files stay where they are,
        and V(present) with O(attach=true) brings it back.
    type: str
    choices: [present, detached]
    default: present
  attach:
    description:
      - What to do where the instance does not have the store.
      - V(false) makes a new, empty store in O(database_path) (C(CreateStore)).
      - V(true) takes the store whose files are in O(database_path) already (C(AttachStore)).
    type: bool
    default: false
  move:
    description:
      - Whether a store that is found by its name may have another folder than O(database_path). Then it is told to use
        this one (C(SetStorePath)). Its files have to be there already, and for that the store must not be in use.
        Detach it, or stop the instance, before you move them.
      - Without it, another folder is taken for a mistake. With O(id), it is not needed.
    type: bool
    default: false
    version_added: 0.2.0
  merge:
    description:
      - The names of archive stores whose messages are to be in this one (C(MergeStore)), in their order. A store that
        was merged is no longer there, so a name that the instance does not have counts as done.
      - It can take hours. Its progress is shown, and RV(token) is for what has not ended after O(wait_timeout).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  database_path:
    description:
      - The folder of the store's database on the instance host, C(databasePath). Needed where the store is not there.
      - Where the store that O(name) finds has another folder, or the folder is another store's, the task fails and says
        so, unless O(move=true). So a name or a folder of last year that was left in a task renames and moves nothing.
      - With O(id), a store that has another folder is told to use this one (C(SetStorePath)). Its files have to be
        there.
      - Paths are compared as Windows does, without regard to upper and lower case and the kind of slashes.
    type: str
  content_path:
    description:
      - The folder of the messages, C(contentPath). Without it, the server takes one by O(database_path).
      - It can be given to a store only when that is created or attached. A current server does not show it, and then it
        is not compared.
    type: str
  index_path:
    description:
      - The folder of the search indexes, C(indexPath). Without it, the server takes one by O(database_path).
      - It can be given to a store only when that is created or attached. A current server does not show it, and then it
        is not compared.
    type: str
  requested_state:
    description:
      - What the store is for, C(requestedState). V(current) takes the new messages, and the store that did so becomes
        V(normal). A V(writeProtected) store can be read, and a V(disabled) one is not in use.
      - Without it, the state stays as it is, or is for the server to choose.
    type: str
    choices: [current, normal, writeProtected, disabled]
notes:
  - A run that has nothing to do invokes C(GetStores) alone.
seealso:
  - module: mops.maintenance.mailstore_instance
  - module: mops.maintenance.mailstore_store_rotation
    description: A new store for each of many instances, in one task.
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: A new store takes the messages of the new year
  mops.maintenance.mailstore_store:
    instance: alpha
    name: "2027"
    database_path: C:\MailArchive\alpha\2027
    requested_state: current

- name: Nobody changes what is in an old store
  mops.maintenance.mailstore_store:
    instance: alpha
    name: "2024"
    requested_state: writeProtected

- name: A store gets another name
  mops.maintenance.mailstore_store:
    instance: alpha
    id: 1
    name: until 2024

- name: A store's files were moved, and the server is told where they are now
  mops.maintenance.mailstore_store:
    instance: alpha
    id: 2
    database_path: D:\MailArchive\alpha\2025

- name: The same by the store's name
  mops.maintenance.mailstore_store:
    instance: alpha
    name: "2026"
    database_path: D:\MailArchive\alpha\2026
    move: true

- name: What came before is one store
  mops.maintenance.mailstore_store:
    instance: beta
    name: "2026"
    merge: ["2023"]

- name: A store is detached, to be moved
  mops.maintenance.mailstore_store:
    instance: alpha
    name: "2025"
    state: detached

- name: A store is attached where its files are now
  mops.maintenance.mailstore_store:
    instance: alpha
    name: "2025"
    database_path: D:\MailArchive\alpha\2025
    attach: true
"""

RETURN = r"""
store:
  description:
    - The store after the run, as C(GetStores) describes it. In check mode, as it would be, as far as that can be told.
      Null where the instance does not have it.
    - With O(merge), C(mergeSources) in it are the stores that are still to be merged, each with C(id) and C(name).
  returned: success
  type: dict
  sample:
    id: 3
    name: "2027"
    databasePath: C:\MailArchive\alpha\2027
    requestedState: current
    error: null
    searchIndexesNeedRebuild: false
    needsUpgrade: false
    statisticsCount: 0
    statisticsSize: 0
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [CreateStore]
token:
  description: The process that was left to the server, for M(mops.maintenance.mailstore_operation).
  returned: if O(wait_timeout) has passed
  type: str
  sample: sa71c6ef0d880a14eb2220fa87f276710e
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import waiting_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.store import ARGUMENTS, wanted_store


def main() -> None:
    module = StateModule({**ARGUMENTS, **waiting_arguments()}, required_one_of=[("name", "id")])
    run_module(module, "store", wanted_store)


if __name__ == "__main__":
    main()
