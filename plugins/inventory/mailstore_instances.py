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
notes:
  - A host has what the server says of its instance as the variables C(mailstore_instance_id), C(mailstore_alias),
    C(mailstore_display_name), C(mailstore_instance_host), C(mailstore_status) and C(mailstore_start_stop_error).
    C(mailstore_connection) holds where the server is and how it is trusted, without user name and password.
  - Options that name the server may be templates, for example lookups of a password. Better leave out O(username) and
    O(password) and have them in the environment.
  - The whole list is one request, however many instances there are. With O(cache), there is none while the cache is
    good.
seealso:
  - module: mops.maintenance.mailstore_info
"""

EXAMPLES = r"""
# mailstore_instances.yml, where MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD are in the environment
plugin: mops.maintenance.mailstore_instances

---
# eu.mailstore_instances.yml
plugin: mops.maintenance.mailstore_instances
host: archive.example.com
ca_path: /etc/ssl/certs/archive.pem
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

import re
from typing import Any, Mapping

from ansible.errors import AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import Client, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.survey import fits, unmatched

FILE_NAMES = ("mailstore_instances.yml", "mailstore_instances.yaml")
TOP_GROUP = "mailstore_instances"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "mops.maintenance.mailstore_instances"
    inventory: Any

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(FILE_NAMES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        failure = missing_required_lib("requests") if REQUESTS_IMPORT_ERROR else None
        if failure is None:
            try:
                self._parse(config, path, cache)
            except MopsError as error:
                failure = str(error)
        if failure is not None:
            raise AnsibleParserError(f"{path}: {failure}")

    def _parse(self, config: Mapping[str, Any], path: str, cache: bool) -> None:
        server = server_of(self._connection(config))
        instances = self._instances(server, path, cache)
        missing = unmatched(self.get_option("include"), instances)
        if missing:
            self.display.warning(f"{path}: no instance fits {', '.join(missing)} in include.")
        self.inventory.add_group(TOP_GROUP)
        connection = {
            name: getattr(server, name) for name in ("host", "port", "auth_method", "validate_certs", "ca_path")
        }
        for instance in instances:
            identifier = instance["instanceID"]
            if fits(identifier, self.get_option("include")) and not fits(identifier, self.get_option("exclude")):
                self._add(instance, connection)

    def _connection(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options that name the server, read as the modules read theirs. Raises `InvalidOption`."""
        arguments = connection_arguments()
        given = {name: self.templar.template(config[name]) for name in arguments if config.get(name) is not None}
        checked = ArgumentSpecValidator(arguments).validate(given)
        if checked.error_messages:
            raise InvalidOption(f"{'. '.join(checked.error_messages)}.")
        options: dict[str, Any] = checked.validated_parameters
        return options

    def _instances(self, server: Server, path: str, cache: bool) -> list[dict[str, Any]]:
        """All instances of the server: from the cache where it is to be used and has them, else from the server."""
        self.load_cache_plugin()
        # Another server is another list, even if the file's name is the same.
        key = self.get_cache_key(f"{path} {server.host} {server.port}")
        use_cache = self.get_option("cache")
        if use_cache and cache:
            try:
                cached: list[dict[str, Any]] = self._cache[key]
                return cached
            except KeyError:
                pass
        with Client(server) as client:
            instances: list[dict[str, Any]] = client.call("GetInstances", instanceFilter="*") or []
        if use_cache:
            self._cache[key] = instances
        return instances

    def _add(self, instance: Mapping[str, Any], connection: Mapping[str, Any]) -> None:
        host = instance["instanceID"]
        facts = {f"mailstore_{snake_case(name)}": no_template(value) for name, value in instance.items()}
        variables = {"ansible_connection": "local", "mailstore_connection": dict(connection), **facts}
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


def snake_case(name: str) -> str:
    """A name of the Management API as Ansible's variables are written: ``instanceID`` is ``instance_id``."""
    return re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def no_template(value: Any) -> Any:
    """The same, marked so that it is never taken for a template: a tenant may have chosen it.

    Only where it could be one: releases of ansible-core before 2.19 show the mark in what ``ansible-inventory`` lists.
    """
    return wrap_var(value) if "{" in str(value) else value
