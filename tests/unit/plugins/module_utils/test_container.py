# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils import _container
from ansible_collections.mops.maintenance.plugins.module_utils._container import mount_of, warning

PODMAN = r"""
721 650 0:89 / / rw,nodev,relatime - overlay overlay rw,lowerdir=/var/lib/containers/l/A,upperdir=/var/lib/containers/x
722 721 0:92 / /proc rw,nosuid - proc proc rw
723 721 0:93 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
724 721 0:94 / /tmp rw,nosuid,nodev,relatime - tmpfs tmpfs rw
730 721 254:0 /srv/mops /data rw,relatime - ext4 /dev/vda rw
731 721 254:0 /tmp/awx_17_x8w2kq_v /runner rw,relatime - ext4 /dev/vda rw
732 721 0:28 /volume /mine rw - tmpfs tmpfs rw
733 721 0:99 / /with\040space rw - nfs4 server:/export rw
"""
KUBERNETES = r"""
1 0 0:300 / / rw,relatime - overlay overlay rw,lowerdir=/x
2 1 259:1 /var/lib/kubelet/pods/9c/volumes/kubernetes.io~empty-dir/ee /runner rw - ext4 /dev/nvme0n1p1 rw
3 1 0:320 /pvc-1 /data rw - nfs4 server:/export rw
4 3 0:321 / /data/fast rw - tmpfs tmpfs rw
"""
VFS = "1 0 254:0 /var/lib/containers/storage/vfs/dir/5f / rw - ext4 /dev/vda rw\n"
MACHINE = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n28 27 0:26 / /tmp rw - tmpfs tmpfs rw\n"


@pytest.mark.parametrize(
    ("mounts", "path", "gone"),
    [
        (PODMAN, "/var/lib/ledger", True),
        (PODMAN, "/tmp/ledger", True),
        (PODMAN, "/data/ledger", False),
        (PODMAN, "/data", False),
        (PODMAN, "/database/ledger", True),
        (PODMAN, "/runner/artifacts/ledger", True),  # a job's folder, which AWX removes after it
        (PODMAN, "/mine/ledger", False),  # a volume that the host has in its memory
        (PODMAN, "/with space/ledger", False),
        (KUBERNETES, "/runner/.local/state", True),
        (KUBERNETES, "/data/state", False),
        (KUBERNETES, "/data/fast/state", True),
        (VFS, "/root/.local/state", True),
        (MACHINE, "/root/.local/state", False),
    ],
)
def test_what_is_not_on_a_volume_is_gone_with_the_container(mounts, path, gone):
    mount = mount_of(path, mounts)
    assert mount is not None
    assert mount.ends_with_container is gone


def test_the_warning_names_the_option_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(_container, "is_gone_with_container", lambda path: True)
    text = warning("ledger", "/tmp/x", "Everything is sent again.")
    assert text.startswith("ledger: /tmp/x lies in the container's own file system")
    assert "Everything is sent again. Mount a volume" in text


def test_without_a_container_there_is_no_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(_container, "_SIGNS", (str(tmp_path / "sign"),))
    monkeypatch.setattr(_container, "_VARIABLES", ("MOPS_NOWHERE_SET",))
    assert warning("ledger", "/tmp/x", "Everything is sent again.") is None


def test_where_nothing_tells_of_mounts_there_is_no_warning():
    assert mount_of("/x", "") is None
