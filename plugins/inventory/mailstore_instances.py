# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_instances
short_description: Every instance of a MailStore SPE server as a host
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Makes a host of every instance of an installation of MailStore Service Provider Edition, so that C(hosts),
    C(--limit), C(serial), forks and job slicing choose instances and spread work over them.
  - The name of its configuration file ends in C(mailstore_instances.yml) or C(mailstore_instances.yaml).
  - Every host is in the group C(mailstore_instances), in one for its status (C(mailstore_running),
    C(mailstore_stopped), C(mailstore_frozen)), and in one for its instance host
    (C(mailstore_host_archive01_example_com)).
  - An instance is not a machine to log in to. So the variable C(ansible_connection) of every host is V(local), and its
    tasks run on the controller.
extends_documentation_fragment:
  - mops.maintenance.mailstore
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Names this plugin, V(mops.maintenance.mailstore_instances).
    type: str
    required: true
    choices: [mops.maintenance.mailstore_instances]
  include:
    description: The instances to list, by their ids, in which V(*) stands for any characters. Upper and lower case are
      the same.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description: The instances not to list, even if O(include) names them.
    type: list
    elements: str
    default: []
  allow_empty:
    description:
      - Whether a pattern with V(*) in O(include) may match no instance. By default, that is a failure. An id that the
        server does not have always is.
      - Instances that are there are listed in any case.
    type: bool
    default: false
    version_added: 0.2.0
  tenants:
    description:
      - The folder with the files of tenants, C(tenants/<instanceID>.yml), as M(mops.maintenance.mailstore_export)
        writes them. A relative path is one from the inventory file.
      - With it, every tenant that has a file is a host, too. The group C(mailstore_declared) has those with a file,
        C(mailstore_missing) those with a file that the server does not have, and C(mailstore_undeclared) those that the
        server has and that have no file.
      - O(include) and O(exclude) hold for them as well. An id in O(include) that has a file need not be on the server.
    type: str
    version_added: 0.2.0
  hostname_prefix:
    description:
      - What the name of each host begins with, before the id of the instance.
      - Where two servers have an instance of the same id, give each server a prefix of its own. Without that, only the
        first of the two is listed, and the other is a failure.
    type: str
    default: ""
    version_added: 0.2.0
notes:
  - A host has what the server says of its instance as the variables C(mailstore_instance_id), C(mailstore_alias),
    C(mailstore_display_name), C(mailstore_instance_host), C(mailstore_status) and C(mailstore_start_stop_error).
    C(mailstore_connection) holds what the file itself says of where the server is and how it is trusted, without user
    name and password. It has nothing that comes from the environment or from a template, since AWX keeps it for jobs
    whose environment and files are others. The roles of this collection prefer the environment, unless the file names
    another server.
    C(mailstore_server_name) is the server's own name, however O(host) names it.
  - If something could not be listed, the reason is in the variable C(mailstore_instances_failures) of the group C(all),
    where a play finds it, and a warning says it. Ansible goes on with what it has, unless
    E(ANSIBLE_INVENTORY_UNPARSED_FAILED) or E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is set. The playbooks of this
    collection fail if there is nothing to do for them, and P(mops.maintenance.no_hosts#lookup) does that for yours.
  - MailStore Server has no instances, and so nothing to list. The failure says so.
  - Options that name the server may be templates, for example lookups of a password. Better leave out O(username) and
    O(password) and have them in the environment.
  - The whole list is two requests, however many instances there are, and with O(auth_method=auto) one more. With
    O(cache), there is none while the cache is good.
seealso:
  - module: mops.maintenance.mailstore_info
  - plugin: mops.maintenance.no_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
# mailstore_instances.yml, where MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD are in the environment
plugin: mops.maintenance.mailstore_instances

---
# eu.mailstore_instances.yml
plugin: mops.maintenance.mailstore_instances
host: archive.example.com
ca_path: /etc/ssl/certs/archive.pem
hostname_prefix: eu-
exclude: ["test-*"]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/mailstore_instances
cache_timeout: 300
groups:
  could_not_start: mailstore_start_stop_error is not none
keyed_groups:
  - prefix: customer
    key: mailstore_instance_id.split('-')[0]
compose:
  mailstore_maintenance_verify_days: 14 if mailstore_instance_id.startswith('gold-') else 30
"""

import difflib
import os
import re
from typing import Any, Mapping, Sequence

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, GivenUp, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import fits, not_found
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)

FILE_NAMES = ("mailstore_instances.yml", "mailstore_instances.yaml")
TOP_GROUP = "mailstore_instances"
FAILURES = "mailstore_instances_failures"

GIVEN_UP: dict[tuple[str, int | None], GivenUp] = {}
"""What was retried in vain, by host and port."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "mops.maintenance.mailstore_instances"
    inventory: Any

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(FILE_NAMES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        failure: AnsibleError | None = None
        try:
            config = self._read_config_data(path)
            if REQUESTS_IMPORT_ERROR:
                raise InvalidOption(missing_required_lib("requests"))
            self._parse(config, path, cache)
        except MopsError as error:
            failure = AnsibleParserError(f"{path}: {error}")
        except AnsibleError as error:
            failure = error
        if failure is not None:
            self._leave(str(failure))
            raise failure

    def _parse(self, config: Mapping[str, Any], path: str, cache: bool) -> None:
        check_names(config, self.get_options())
        server = server_of(self._connection(config))
        listed = self._listed(server, path, cache)
        declared = self._declared(path)
        known = [*listed["instances"], *({"instanceID": name} for name in declared or ())]
        missing = not_found(self.get_option("include"), known, allow_empty=self.get_option("allow_empty"))
        if missing:
            self._tell(f"{path}: include names {', '.join(missing)}, and {server.host} has no such instance.")
        self.inventory.add_group(TOP_GROUP)
        # The way to log in as it was found, so that the tasks of the play need not find it again.
        found = {name: listed.get(name) for name in ("port", "auth_method")}
        connection = {**_written(config, server), **{name: value for name, value in found.items() if value is not None}}
        where = {"mailstore_connection": connection, "mailstore_server_name": listed["server_name"]}
        for instance in listed["instances"]:
            identifier = instance["instanceID"]
            if self._listed_here(identifier):
                self._add(instance, where, path)
        if declared is not None:
            self._group_by_files(declared, [instance["instanceID"] for instance in listed["instances"]], where)

    def _declared(self, path: str) -> list[str] | None:
        """The ids of the tenants that have a file, or None where no folder is named. Raises `InvalidOption`."""
        option = self.get_option("tenants")
        if not option:
            return None
        folder = os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(str(option)))
        inner = os.path.join(folder, "tenants")
        folder = inner if os.path.isdir(inner) else folder
        if not os.path.isdir(folder):
            raise InvalidOption(f"tenants names {folder}, and there is no such folder.")
        names = sorted(name for name in os.listdir(folder) if name.endswith((".yml", ".yaml")) and name[0] != ".")
        return [name.rpartition(".")[0] for name in names]

    def _group_by_files(self, declared: Sequence[str], there: Sequence[str], where: Mapping[str, Any]) -> None:
        """Have a host for each tenant with a file, and groups of what has a file and what is there."""
        groups = [self.inventory.add_group(f"mailstore_{word}") for word in ("declared", "missing", "undeclared")]
        on_server = {name.casefold() for name in there}
        with_file = {name.casefold() for name in declared}
        prefix = self.get_option("hostname_prefix")
        for name in declared:
            if name.casefold() in on_server or not self._listed_here(name):
                continue
            self.inventory.add_host(f"{prefix}{name}", group=groups[1])
            self.inventory.add_host(f"{prefix}{name}", group=groups[0])
            for variable, value in {"ansible_connection": "local", "mailstore_instance_id": name, **where}.items():
                self.inventory.set_variable(f"{prefix}{name}", variable, value)
        for name in filter(self._listed_here, there):
            group = groups[0] if name.casefold() in with_file else groups[2]
            self.inventory.add_host(f"{prefix}{name}", group=group)

    def _listed_here(self, identifier: str) -> bool:
        return fits(identifier, self.get_option("include")) and not fits(identifier, self.get_option("exclude"))

    def _tell(self, failure: str) -> None:
        """Warn of what could not be listed, while the rest is."""
        self.display.warning(failure)
        self._leave(failure)

    def _leave(self, failure: str) -> None:
        """Leave a failure where a play finds it: Ansible itself goes on with whatever hosts there are."""
        everything = self.inventory.groups["all"]
        known = everything.get_vars().get(FAILURES, [])
        # Ansible may try this plugin twice, by its name and through the plugin "auto".
        if failure not in known:
            everything.set_variable(FAILURES, [*known, no_template(failure)])

    def _connection(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options that name the server, read as the modules read theirs. Raises `InvalidOption`."""
        arguments = connection_arguments()
        given = {name: self.templar.template(config[name]) for name in arguments if config.get(name) is not None}
        checked = ArgumentSpecValidator(arguments).validate(given)
        if checked.error_messages:
            raise InvalidOption(f"{'. '.join(checked.error_messages)}.")
        options: dict[str, Any] = checked.validated_parameters
        return options

    def _listed(self, server: Server, path: str, cache: bool) -> dict[str, Any]:
        """The server's name and all of its instances: from the cache where it is to be used, else from the server."""
        self.load_cache_plugin()
        # Another server is another list, even if the file's name is the same.
        key = self.get_cache_key(f"{path} {server.host} {server.port}")
        use_cache = self.get_option("cache")
        if use_cache and cache:
            cached = self._cache.get(key)
            if isinstance(cached, dict):  # up to version 0.1 it was a list
                return cached
        # Ansible shows nothing else meanwhile, and shows the same warning once.
        waiting = f"It is retried for up to {server.retry_timeout:g} s."
        # Where the file is tried a second time, by the plugin "auto", the server was waited for already.
        given_up = GIVEN_UP.setdefault((server.host, server.port), GivenUp())
        with Client(
            server, given_up=given_up, on_wait=lambda seconds, error: self.display.warning(f"{path}: {error} {waiting}")
        ) as client:
            environment = client.call("GetEnvironmentInfo") or {}
            instances = client.call("GetInstances", instanceFilter="*") or []
            found = client.server
        listed = {
            "server_name": environment.get("serverName"),
            "port": found.port,
            "auth_method": found.auth_method,
            "instances": instances,
        }
        if use_cache:
            self._cache[key] = listed
        return listed

    def _add(self, instance: Mapping[str, Any], where: Mapping[str, Any], path: str) -> None:
        host = f"{self.get_option('hostname_prefix')}{instance['instanceID']}"
        known, name = self.inventory.get_host(host), where["mailstore_server_name"]
        other = name if known is None else known.get_vars().get("mailstore_server_name")
        if other != name:
            self._tell(
                f"{path}: {host} of {name} is not listed, since the inventory has a host of that name already, from "
                f"{other or 'elsewhere'}. Set hostname_prefix."
            )
            return
        facts = {f"mailstore_{snake_case(name)}": no_template(value) for name, value in instance.items()}
        variables = {"ansible_connection": "local", **where, **facts}
        self.inventory.add_host(host, group=TOP_GROUP)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        for label in (instance.get("status"), f"host_{instance.get('instanceHost')}"):
            group = self.inventory.add_group(self._sanitize_group_name(f"mailstore_{label}"))
            self.inventory.add_host(host, group=group)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        composed = self.inventory.get_host(host).get_vars()
        for add, option in (
            (self._add_host_to_composed_groups, "groups"),
            (self._add_host_to_keyed_groups, "keyed_groups"),
        ):
            add(self.get_option(option), composed, host, strict=strict, fetch_hostvars=False)


def check_names(config: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Raise `InvalidOption` where the file has an option that there is not: it might be the one that excludes."""
    unknown = [str(name) for name in config if name not in options]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], options, 1)
    meant = f" Is {near[0]} meant?" if near else ""
    raise InvalidOption(f"There is no option {', '.join(unknown)}.{meant}")


def _written(config: Mapping[str, Any], server: Server) -> dict[str, Any]:
    """What the file itself says of the server and of how it is trusted.

    Not what comes from the environment or from a template: AWX keeps the variables of hosts, and runs a job in another
    container, where the files and the environment of this one are gone.
    """
    names = ("host", "port", "auth_method", "validate_certs", "ca_path")
    return {name: getattr(server, name) for name in names if name in config and "{{" not in str(config[name])}


def snake_case(name: str) -> str:
    """A name of the Management API as Ansible's variables are written: ``instanceID`` is ``instance_id``."""
    return re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def no_template(value: Any) -> Any:
    """The same, marked so that it is never taken for a template: a tenant may have chosen it.

    Only where it could be one: releases of ansible-core before 2.19 show the mark in what ``ansible-inventory`` lists.
    """
    return wrap_var(value) if "{" in str(value) else value
