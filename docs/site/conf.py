# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx, for ``make docs``: the guides, and the reference that antsibull-docs has made."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "mops.maintenance"
project_copyright = "Contributors to the mops.maintenance project"

extensions = ["sphinx_antsibull_ext", "links_to_ansible", "navigation", "reference_pages"]
nitpicky = True
default_role = "any"
pygments_style = "ansible"
highlight_language = "yaml+jinja"

html_theme = "furo"
html_title = "mops.maintenance"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
# site.css gives antsibull's tables the colours of the theme, light and dark.
antsibull_ext_color_scheme = "none"
