#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_export
short_description: Write the configuration of MailStore SPE into files that bring it about again
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Reads instances of an installation of MailStore Service Provider Edition, and writes each as a YAML file that
    M(mops.maintenance.mailstore_tenant) takes. What it has for C(stores), C(users), C(jobs) and the like are options of
    the modules M(mops.maintenance.mailstore_store), M(mops.maintenance.mailstore_user),
    M(mops.maintenance.mailstore_job) and so on, unchanged.
  - The files are sorted, and without what the server makes itself, such as ids, counters and times. The same server
    gives the same bytes, so a difference in git is what somebody has changed.
  - In the place of a secret stands a variable, such as C({{ mailstore_secret_alpha_smtp_settings_password }}), to be
    defined in a file that ansible-vault has encrypted. A secret itself is never written.
  - It only reads the server. The files are written on the controller, whatever host the task runs on.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
attributes:
  check_mode:
    support: full
    details:
      - The server is read, and no file is written.
  diff_mode:
    support: full
options:
  dest:
    description:
      - The folder on the controller for the files, C(tenants/<instanceID>.yml) for each instance and
        C(installation.yml).
      - Without it, nothing is written, and RV(tenants) and RV(installation) have the documents.
    type: path
  instances:
    description:
      - The instances to export, by their ids. In an id, V(*) stands for any characters.
      - The task fails if the server does not have one of the ids, or if a pattern matches no instance. V(*) alone may
        match none.
    type: list
    elements: str
    default: ["*"]
  allow_empty:
    description: Whether a pattern in O(instances) may match no instance.
    type: bool
    default: false
  include_installation:
    description: Whether to export what all instances share, which are the configurations of the whole installation, its
      instance hosts and its system administrators.
    type: bool
    default: true
  force:
    description:
      - Whether to overwrite a file that somebody has edited since it was exported.
      - Without it, such a file stays as it is, the task fails and names it, and C(--diff) shows what would be written.
        All other files are written. A file that says the same as the server in another form is left alone.
    type: bool
    default: false
  prune:
    description:
      - Whether to remove the files of instances that the server does not have any more. Files that somebody has edited
        are kept unless O(force=true).
      - Without it, they are named in a warning.
    type: bool
    default: false
  concurrency:
    description: How many instances are read at once. With O(auth_method=session), each of them takes a session of its
      own.
    type: int
    default: 10
notes:
  - An instance that does not run can be asked for its own configuration only, and one that withholds service-provider
    access for its archive stores as well. RV(missing) says which parts are not in its document. If it has a file
    already, that stays as it is.
  - Whether service-provider access is enabled is not exported, since that is the tenant's decision.
  - MailStore Server has no instances, and so nothing to export here.
seealso:
  - module: mops.maintenance.mailstore_tenant
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Write the whole installation into a folder
  mops.maintenance.mailstore_export:
    dest: ./mailstore

- name: Look at one tenant
  mops.maintenance.mailstore_export:
    instances: [alpha]
    include_installation: false
  register: exported

- name: Show which stores it has
  ansible.builtin.debug:
    msg: "{{ exported.tenants[0].document.stores | map(attribute='name') }}"
"""

RETURN = r"""
tenants:
  description: The documents, sorted by the ids of their instances.
  returned: if O(dest) is not given
  type: list
  elements: dict
  contains:
    instance:
      description: The id of the instance.
      type: str
    document:
      description: What M(mops.maintenance.mailstore_tenant) takes.
      type: dict
    missing:
      description: The parts that are not in the document, and why.
      type: dict
  sample:
    - instance: alpha
      document:
        instance: alpha
        state: started
        configuration: {displayName: Alpha Ltd, instanceHost: host01.spe.example}
        stores:
          - {name: "2026", database_path: "C:\\MailArchive\\alpha\\2026", requested_state: current}
      missing: {}
installation:
  description: The same for what all instances share. Null without O(include_installation).
  returned: if O(dest) is not given
  type: dict
files:
  description:
    - What became of each file, as one of V(written), V(unchanged), V(edited), V(kept), V(removed) and V(gone).
    - V(edited), somebody has edited it, and it says something else than the server. V(kept), the instance does not tell
      all that the file has. V(gone), the server has no such instance any more.
  returned: if O(dest) is given
  type: dict
  sample: {tenants/alpha.yml: written, tenants/beta.yml: unchanged}
missing:
  description: The parts that could not be read, and why, by the id of the instance.
  returned: success
  type: dict
  sample: {gamma: {users: "The instance does not run: its status is stopped."}}
summary:
  description: What became of the files, a line for each that was not left alone.
  returned: if O(dest) is given
  type: list
  elements: str
  sample: ["/srv/mailstore: 1 written, 3 unchanged", "tenants/alpha.yml: written"]
secrets:
  description: The variables that stand in the files in the place of secrets, by the file.
  returned: if O(dest) is given
  type: dict
  sample: {tenants/alpha.yml: [mailstore_secret_alpha_profiles_imap_mailboxes_password]}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.tenants import Tenants
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "dest": {"type": "path"},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "allow_empty": {"type": "bool", "default": False},
            "include_installation": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "prune": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    options = module.params
    with reported_failures(module):
        server = server_of(options)
        progress = Progress(None, interval=60.0)
        following = Following(server, Waiting(), work_apart(), progress)
        found = Tenants(following, progress, options["concurrency"]).export(
            options["instances"],
            allow_empty=options["allow_empty"],
            installation=options["include_installation"],
        )
        if following.interruption.is_set():
            raise Interrupted(str(following.interruption))
    missing = {tenant["instance"]: tenant["missing"] for tenant in found["tenants"] if tenant["missing"]}
    # What becomes of the files is the work of the action plugin of the same name: YAML is written on the controller.
    module.exit_json(changed=False, missing=missing, **found)


if __name__ == "__main__":
    main()
