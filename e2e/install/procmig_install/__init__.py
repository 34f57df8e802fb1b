# SPDX-License-Identifier: Apache-2.0
"""procmig in the lab: building it, installing it, and driving it from the host."""
