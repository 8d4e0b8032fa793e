#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_tenant
short_description: Bring tenants of MailStore SPE to what their files say
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes documents as M(mops.maintenance.mailstore_export) writes them, and sees to it that the server is so. An
    instance is created if it is not there, and every part that its document names is kept as it says. Parts that it
    does not name are left alone.
  - All of a tenant is looked at before anything is changed there. What cannot be, and secrets that are missing, are
    named, and nothing is changed. In check mode with C(--diff), that look is the plan that a colleague reviews.
  - If the server refuses in the middle, what was done until then is named, and the next run goes on from there. Other
    tenants are not held up by it.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.waiting
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  src:
    description:
      - Files on the controller, each with one document, or folders of them. Of a folder that
        M(mops.maintenance.mailstore_export) has written, these are C(tenants/*.yml) and C(installation.yml).
      - Nothing in the files is a template but a variable in the place of a secret. Its value is that of the variable in
        the play. Values that C(ansible-vault encrypt_string) has made are taken as well.
    type: list
    elements: path
  tenants:
    description: Documents, beside those of O(src).
    type: list
    elements: dict
    default: []
  installation:
    description: The document of what all instances share, if O(src) has none.
    type: dict
  instances:
    description:
      - Which of the tenants are meant, by their ids, in which V(*) stands for any characters. C(installation.yml) is
        meant only with V(*).
      - The task fails if an id or a pattern fits none of the documents.
    type: list
    elements: str
    default: ["*"]
  purge:
    description:
      - From which parts to remove what a document does not name. Only parts that the document has are purged.
      - With V(stores), an archive store is detached. Its files stay, but its messages cannot be found any more, so that
        needs O(allow_data_loss=true). A user's archive stays when the user goes.
      - Users whose names begin with C($) are MailStore's own, and stay.
    type: list
    elements: str
    choices: [users, stores, profiles, jobs]
    default: []
  allow_data_loss:
    description:
      - Whether messages may get lost. These are C(state=absent) of an instance, O(purge=stores), and a configuration
        that lets messages be deleted earlier than before.
      - Without it, what would lose data is refused, and nothing is changed at that tenant.
    type: bool
    default: false
  concurrency:
    description: How many tenants are worked on at once. With O(auth_method=session), each of them takes a session.
    type: int
    default: 10
  lock_dir:
    description:
      - The folder for the locks that keep two runs from the same tenant at once. It is on the host that runs the
        module, and holds for the runs that share it.
      - The default is C(mops.maintenance/mailstore_tenant) in E(XDG_STATE_HOME), or else in C(~/.local/state).
    type: path
notes:
  - What a tenant needs is read once. A tenant that is as it should be costs one request for each list and each
    configuration, and one for each of its users.
  - A password that a server does not show is set only along with another change of the same thing, and only then has
    its variable to be defined.
seealso:
  - module: mops.maintenance.mailstore_export
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Write one tenant into a folder
  mops.maintenance.mailstore_export:
    dest: ./mailstore
    instances: [alpha]

- name: Bring all tenants to what the folder says
  mops.maintenance.mailstore_tenant:
    src: ./mailstore

- name: One job of one tenant; all else of it is left alone
  mops.maintenance.mailstore_tenant:
    tenants:
      - instance: alpha
        jobs:
          - name: Weekly verification
            action: VerifyStores
            owner: $archiveadmin
            schedule: {day_of_week: Sunday, time: "02:30"}
"""

RETURN = r"""
tenants:
  description: What became of each, in the order of the documents. C(installation.yml) is named V(the installation).
  returned: success, and failure after the server was reached
  type: list
  elements: dict
  contains:
    instance:
      description: The id of the instance.
      type: str
    changed:
      description: Whether something was changed, or in check mode would be.
      type: bool
    failed:
      description: Whether its document could not be applied.
      type: bool
    msg:
      description: Why not.
      returned: if it has failed
      type: str
    changes:
      description: What differed, each with V(part), V(name), V(kind) (V(created), V(changed) or V(removed)),
        V(functions), V(before) and V(after), with V(obstacle) where it cannot be done, and with V(secrets) that are
        missing for it.
      type: list
      elements: dict
    functions:
      description: The functions that were invoked to change something, in their order.
      type: list
      elements: str
    unmanaged:
      description: What the server has of the document's parts and the document does not name, unless O(purge) removes
        it.
      type: list
      elements: dict
    not_looked_at:
      description: The parts that could not be compared, and why.
      type: dict
  sample:
    - instance: alpha
      changed: true
      failed: false
      changes:
        - part: jobs
          name: Weekly verification
          kind: changed
          functions: [SetJobEnabled]
      functions: [SetJobEnabled]
      unmanaged:
        - {part: users, name: temp}
      not_looked_at: {}
summary:
  description: What there was to do, a line for each thing.
  returned: success, and failure after the server was reached
  type: list
  elements: str
  sample: ["alpha: jobs Weekly verification changed (SetJobEnabled)"]
undeclared:
  description: The instances of the server that fit O(instances), and that no document is of.
  returned: success, and failure after the server was reached
  type: list
  elements: str
  sample: [beta]
"""

from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._lock import usual_folder
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import nearest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import fits, not_found
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    SecretArgumentsModule,
    connection_arguments,
    server_of,
    validated,
    waiting_arguments,
    waiting_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.tenants import (
    Tenants,
    check_not_interrupted,
    summary_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.document import (
    PURGEABLE,
    Declared,
    declared,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.tenant import Applied, Rules
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


class TenantModule(SecretArgumentsModule):
    """Documents may hold secrets at any depth."""

    free_form_options = ("tenants", "installation")


def main() -> None:
    waiting = waiting_arguments(on_timeout="detach")
    del waiting["on_timeout"]
    module = TenantModule(
        argument_spec={
            **connection_arguments(),
            **waiting,
            "src": {"type": "list", "elements": "path"},
            "tenants": {"type": "list", "elements": "dict", "default": []},
            "installation": {"type": "dict"},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "purge": {"type": "list", "elements": "str", "choices": list(PURGEABLE), "default": []},
            "allow_data_loss": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 10},
            "lock_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    with reported_failures(module):
        documents = chosen(read(module.params), module.params["instances"])
        apply(module, documents)


def read(options: dict[str, Any]) -> list[Declared]:
    """The documents. Raises `InvalidOption` with what is wrong with all of them."""
    found: list[Declared] = []
    problems: list[str] = []
    given = [(document, False) for document in options["tenants"]]
    if options["installation"] is not None:
        given.append((options["installation"], True))
    for document, installation in given:
        try:
            one = declared(document, validated, installation=installation, allow_data_loss=options["allow_data_loss"])
        except InvalidOption as error:
            problems.append(str(error))
            continue
        if any(str(one).casefold() == str(other).casefold() for other in found):
            problems.append(f"Tenant {one} has two documents.")
        found.append(one)
    if problems:
        raise InvalidOption(f"{' '.join(problems)} Nothing was changed.")
    return found


def chosen(documents: list[Declared], patterns: list[str]) -> list[Declared]:
    """Those that the patterns name. Raises `InvalidOption` where one names none, or where there is none."""
    names = [str(one.instance) for one in documents if one.instance is not None]
    missing = not_found(patterns, [{"instanceID": name} for name in names], allow_empty=False)
    if missing:
        near = f" The most alike are {', '.join(nearest(missing[0], names))}." if names else ""
        raise InvalidOption(f"There is no document of {', '.join(missing)}.{near}")
    found = [
        one for one in documents if fits(str(one.instance), patterns) or (one.instance is None and "*" in patterns)
    ]
    if not found:
        raise InvalidOption("There is no document: give src or tenants, with the document of one tenant at least.")
    return [one for one in found if one.instance is None] + [one for one in found if one.instance is not None]


def apply(module: TenantModule, documents: list[Declared]) -> None:
    """Bring the documents about, and end the task. Raises `MopsError`."""
    options = module.params
    server, waiting = server_of(options), waiting_of({**options, "on_timeout": "detach"})
    rules = Rules(module.check_mode, options["purge"], options["allow_data_loss"])
    interruption = work_apart()
    with Progress.of(module) as progress:
        following = Following(server, waiting, interruption, progress)
        tenants = Tenants(following, progress, options["concurrency"])
        undeclared = tenants.undeclared(documents, options["instances"])
        shared = [one for one in documents if one.instance is None]
        folder = options["lock_dir"] or usual_folder("mailstore_tenant")
        # A new tenant may need a new instance host.
        applied = tenants.apply(shared, rules, folder) if shared else []
        applied += tenants.apply([one for one in documents if one.instance is not None], rules, folder)
        check_not_interrupted(following, applied, len(documents))
    report(module, applied, undeclared)


def report(module: TenantModule, applied: list[Applied], undeclared: list[str]) -> None:
    for one in applied:
        for text in one.warnings:
            module.warn(text)
    facts: dict[str, Any] = {
        "changed": any(one.functions for one in applied),
        "tenants": [one.facts() for one in applied],
        "undeclared": undeclared,
        "summary": [line for one in applied for line in one.lines()] or ["All is as the documents say."],
    }
    if module._diff:
        facts["diff"] = [
            {
                "before_header": f"{one.name}: {change.part} {change.name}, on the server",
                "after_header": f"{one.name}: {change.part} {change.name}, {change.kind}",
                "before": change.before or {},
                "after": change.after or {},
            }
            for one in applied
            for change in one.changes
        ]
    failure = summary_of(applied)
    if failure is not None:
        raise MopsError(failure, **facts)
    module.exit_json(**facts)


if __name__ == "__main__":
    main()
