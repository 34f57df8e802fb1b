# SPDX-License-Identifier: GPL-2.0-only
"""The cases, in the order in which they run."""
from . import (abi, connections, failures, ipc, kinds, programs, refusals, selections, shared_streams, stopped,
               streams, stub, unload)

GROUPS = (abi.run, stub.run, programs.run, kinds.run, connections.run, ipc.run, selections.run, refusals.run,
          failures.run, stopped.run, streams.run, shared_streams.run, unload.run)
