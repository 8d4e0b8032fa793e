# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What the lines of a gateway's log are.
    DOCUMENTATION = r"""
options:
  format:
    description:
      - What a line of O(src) is.
      - V(mashery) is a ready record of 21 fields, and V(jsonl) a JSON object with the fields of a record.
      - The presets are what gateways write. V(nginx_combined) and V(apache_combined) are the formats of that name,
        V(nginx_json) is JSON with the names of nginx's variables, V(envoy_json) JSON with the keys of Istio's default
        and V(envoy_text) the line that Envoy writes by default, V(kong) is what the plugin file-log writes,
        V(aws_api_gateway) the JSON and the CLF that API Gateway's console offers, V(apigee) JSON of a MessageLogging
        policy with the names of flow variables, V(traefik_json) Traefik's JSON, and V(haproxy) the line of C(option
        httplog).
      - No gateway knows the keys that Mashery has for a developer and a service. So a preset needs a O(mapping) for
        V(service_dev_key) and V(service_key) at least. V(apigee) has V(service_dev_key) from C(client_id).
      - V(json) and V(text) are everything else. O(mapping) says what their lines are, and for V(text) O(pattern).
    type: str
    choices:
      - mashery
      - jsonl
      - json
      - text
      - apache_combined
      - apigee
      - aws_api_gateway
      - envoy_json
      - envoy_text
      - haproxy
      - kong
      - nginx_combined
      - nginx_json
      - traefik_json
    default: mashery
    aliases: [src_format]
  pattern:
    description:
      - A regular expression of Python over a whole line, with named groups, for a O(format) that is text.
      - With a preset it stands in the place of the preset's own; groups of the same names keep their fields.
    type: str
    version_added: 0.2.0
  mapping:
    description:
      - Where each field of a record comes from, as a dictionary of fields. Each is a dictionary with one of C(path),
        C(group) and C(constant), and what else it needs. With a preset, an entry with one of these three stands in
        the place of the preset's, and one without them is added to it.
      - C(path) leads to a value in JSON, as C(request.headers.x-api-key). C(tries.0.ip) takes the first element of a
        list, and a point that belongs to a name has a backslash before it.
      - C(group) is a named group of O(pattern).
      - C(constant) is the same for every line.
      - C(default) is what the record has where there is nothing, an empty text or a dash. Without it, bytes,
        durations and V(cache_hit) are 0, V(http_version) is 1.1, V(src_ip) and V(api_method) are a dash, and a line
        without a V(log_timestamp), V(method), V(status) or key is not valid.
      - C(unit) is that of a duration, C(s), C(ms), C(us) or C(ns). A record has seconds, which is the default.
      - C(time_format) is C(iso8601), C(epoch_s), C(epoch_ms), C(epoch_us), C(epoch_ns), or one of Python's strptime.
        Without it, times are read in ISO 8601 and as access logs have them (C(22/Nov/2026:13:15:00 +0000)).
      - C(time_zone) is for times without an offset, C(UTC), C(local) for the zone of the host, an offset as
        C(+02:00), or a name as C(Europe/Berlin).
      - C(values) is a list of dictionaries with C(match), a regular expression that the value must begin with, and
        C(value), which takes its place; C(\1) in it is the first group. The first match counts; a value without one
        stays.
      - C(lookup) is for the two keys, a file on the host with a line C(name,key) for each name that stands in the
        log, or, named C(.json), an object of them. It is read again when it changes.
      - C(skip_if) is a regular expression. A line whose value begins with it is not reported, as health checks should
        not be. A field that is internal to Mashery, as V(user_agent), can have this and nothing else.
      - Of V(api_method), what is behind a question mark is left out, since it may hold keys. A port is left out of
        V(src_ip), and of a list of addresses the first counts. Of V(http_version), a record knows 1.0 and 1.1, so
        that later ones are reported as 1.1.
    type: dict
    version_added: 0.2.0
"""
