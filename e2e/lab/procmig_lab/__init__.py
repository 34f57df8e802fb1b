# SPDX-License-Identifier: Apache-2.0
"""The lab: a Kubernetes control plane and QEMU guests that tests, demo and benchmarks share."""
