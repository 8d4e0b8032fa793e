# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-navigator runs a playbook in the image, as the guide to containers has it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from image.__main__ import TAG
from image.podman import environment
from simulators.launch import Simulators


@pytest.mark.skipif(not Path("/dev/mqueue").is_dir(), reason="ansible-navigator wants a folder /dev/mqueue.")
def test_navigator_runs_a_playbook_with_variables_and_a_volume(simulators: Simulators, folder: Path) -> None:
    shutil.copy(simulators.ca_path, folder / "ca.pem")
    variables = {
        **simulators.environment(),
        "MAILSTORE_CA_PATH": "/srv/mops/ca.pem",
        "XDG_STATE_HOME": "/srv/mops",
    }
    command = ["ansible-navigator", "run", "mops.maintenance.mailstore_health", "--mode", "stdout"]
    command += ["--execution-environment-image", TAG, "--pull-policy", "never", "--container-engine", "podman"]
    command += ["--container-options=--net=host", "--eev", f"{folder}:/srv/mops"]
    command += ["--playbook-artifact-enable", "false", "--log-file", str(folder / "navigator.log")]
    command += [word for name in variables if name[:4] in ("MAIL", "XDG_") for word in ("--penv", name)]
    command += ["--extra-vars", "mailstore_health_fail_on=never mailstore_health_report_dir=/srv/mops/health"]
    home = folder / "home"
    home.mkdir()
    env = {**environment(), **variables, "HOME": str(home), "NO_COLOR": "1"}
    # Newer releases of ansible-navigator hand it on to the container, where the folder is not.
    env.pop("ANSIBLE_COLLECTIONS_PATH", None)
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "container's own file system" not in run.stdout
    assert (folder / "health/mailstore-health.html").exists()
