# SPDX-License-Identifier: Apache-2.0
"""The command line: every command a person or a test gives the lab."""

import argparse
import json
import os
import sys
from pathlib import Path

from . import binaries, clock, imageload, kernellog, network, progress, settings, ssh, transfer
from .errors import LabError
from .lab import Lab

_FLAVOURS = ("nodes", "guests")
_WAIT_SECONDS = 300
_UNUSED_SECONDS = 24 * 3600


def main(argv):
    try:
        options = parse(argv)
        progress.silence(options.quiet)
        _require_root()
        return options.run(Lab(settings.flavour(options.flavour)), options) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; say nothing more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; `lab down` removes what is half made", file=sys.stderr)
        return 130


def parse(argv):
    """Options of a command line. `lab guests up` is `lab --flavour guests up`."""
    for position, word in enumerate(argv):
        if word in _FLAVOURS and not argv[max(0, position - 1)].startswith("--flavour"):
            argv = [*argv[:position], "--flavour", word, *argv[position + 1:]]
        if not word.startswith("-"):
            break
    return _parser().parse_args(_protect_passed_on(argv))


def _protect_passed_on(argv):
    """Keep argparse from reading options that are meant for another command."""
    for position, word in enumerate(argv):
        if word in ("kubectl", "debian"):
            return [*argv[:position + 1], "--", *argv[position + 1:]]
        if word == "ssh" and position + 1 < len(argv) and not argv[position + 1].startswith("-"):
            return [*argv[:position + 2], "--", *argv[position + 2:]]
        if not word.startswith("-") and not argv[max(0, position - 1)] == "--flavour":
            break
    return argv


def _parser():
    parser = argparse.ArgumentParser(prog="lab", description="Make and run the procmig lab.",
                                     epilog="Settings: PROCMIG_CACHE, PROCMIG_LAB, PROCMIG_LAB_INSTANCE (0 to 9),"
                                            " PROCMIG_LAB_MEMORY (MiB per guest), PROCMIG_LAB_ACCEL (QEMU's -accel)."
                                            " See README.md.")
    parser.add_argument("--flavour", choices=_FLAVOURS, default="nodes",
                        help="nodes: a cluster of node-a and node-b (default); guests: bare guest-a and guest-b")
    parser.add_argument("--quiet", "-q", action="store_true", help="no progress lines")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name, run, text, *arguments):
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run)
        for flags, details in arguments:
            sub.add_argument(*flags, **details)

    def argument(*flags, **details):
        return flags, details

    node = argument("node", metavar="NODE")
    command("cache", _cache, "make every artefact of the flavour that is missing from the cache",
            argument("--drop", action="store_true", help="remove the cache instead"),
            argument("--prune", action="store_true", help="remove what nobody used for a day instead"))
    command("kernel-release", _kernel_release, "print the guests' kernel release and have its headers installed")
    command("up", _up, "bring the lab up; says so if it is",
            argument("--image", metavar="FILE.tar", action="append", default=[], type=Path,
                     help="a container image that the nodes shall have from the start"))
    command("down", _down, "stop everything and remove disks, bridge and taps; logs stay")
    command("info", _info, "print as JSON what programs need to know of the lab")
    command("wait", _wait, "wait until nodes are Ready (guests: answer ssh)",
            argument("nodes", metavar="NODE", nargs="*"),
            argument("--timeout", type=float, default=_WAIT_SECONDS, metavar="SECONDS"))
    command("ssh", _ssh, "log in, or run a command and end with its exit status", node,
            argument("words", metavar="CMD", nargs="*"))
    command("debian", _debian, "run a command in the guests' Debian on this host, with their shared directories",
            argument("words", metavar="CMD", nargs="*"))
    command("push", _push, "copy a file or directory to a node", node,
            argument("source", metavar="SRC"), argument("destination", metavar="DST"))
    command("pull", _pull, "copy a file or directory from a node", node,
            argument("source", metavar="SRC"), argument("destination", metavar="DST"))
    command("kubectl", _kubectl, "run the lab's kubectl as cluster admin",
            argument("words", metavar="ARG", nargs="*"))
    command("image", _image, "load container images into the running nodes",
            argument("action", choices=["load"]),
            argument("archives", metavar="FILE.tar", nargs="+", type=Path))
    command("power", _power, "cut a node's power, restore it, or reset the node; the disk stays", node,
            argument("state", choices=["off", "on", "reset"]))
    command("link", _link, "cut or restore a node's network link, or only what goes between it and its peer", node,
            argument("state", choices=["down", "up", "cut-peer", "heal-peer"]))
    command("apiserver", _apiserver, "stop or start the API server alone",
            argument("action", choices=["stop", "start", "restart"]))
    command("sync-clocks", _sync_clocks, "set the guests' clocks by the host's, as up and power on do")
    command("console", _console, "print a node's serial console", node)
    command("check-logs", _check_logs, "fail if any guest's kernel log shows a fault, and list the lines")
    return parser


def _require_root():
    if os.geteuid() != 0:
        raise LabError("the lab makes bridges, mounts and disk images: it must run as root", hint="sudo -E")


def _cache(lab, options):
    if options.drop:
        lab.cache.drop()
    elif options.prune:
        lab.cache.prune(_UNUSED_SECONDS)
    else:
        lab.prepare_cache()
        progress.say(f"the cache is complete: {lab.cache.root}")


def _kernel_release(lab, options):
    print(lab.kernel_release())


def _up(lab, options):
    lab.up(options.image)


def _down(lab, options):
    lab.down()


def _info(lab, options):
    print(json.dumps(lab.describe(), indent=2))


def _wait(lab, options):
    lab.wait(options.nodes, options.timeout)


def _ssh(lab, options):
    guest = lab.guest(options.node)
    guest.check_alive()
    words = _without_separator(options.words)
    tty = not words and sys.stdin.isatty()
    argv = [*ssh.arguments(lab.flavour, guest.machine, tty=tty), *words]
    os.execvp(argv[0], argv)


def _debian(lab, options):
    argv = lab.debian_command(_without_separator(options.words) or ["bash"])
    os.execvp(argv[0], argv)


def _push(lab, options):
    transfer.push(lab.flavour, lab.guest(options.node).machine, options.source, options.destination)


def _pull(lab, options):
    transfer.pull(lab.flavour, lab.guest(options.node).machine, options.source, options.destination)


def _kubectl(lab, options):
    if not lab.controlplane or not lab.flavour.kubeconfig.exists():
        raise LabError("there is no cluster", hint="`lab up`")
    kubectl = binaries.ensure(lab.cache) / "bin" / "kubectl"
    os.environ["KUBECONFIG"] = str(lab.flavour.kubeconfig)
    os.execv(kubectl, [str(kubectl), *_without_separator(options.words)])


def _image(lab, options):
    imageload.load(lab.flavour, lab.guests, options.archives)


def _power(lab, options):
    guest = lab.guest(options.node)
    if options.state == "off":
        guest.power_off()
        return
    if options.state == "on":
        guest.power_on()
    else:
        guest.reset()
    guest.finish_boot(_WAIT_SECONDS)


def _link(lab, options):
    machine = lab.guest(options.node).machine
    if options.state in ("down", "up"):
        network.set_link(machine, options.state == "up")
    elif options.state == "cut-peer":
        network.cut_peers(lab.flavour, machine)
    else:
        network.heal_peers(lab.flavour, machine)


def _apiserver(lab, options):
    controlplane = lab.control_plane_with_programs()
    if options.action in ("stop", "restart"):
        controlplane.stop_api_server()
    if options.action in ("start", "restart"):
        controlplane.start_api_server()


def _sync_clocks(lab, options):
    for guest in lab.running_guests():
        offset, error = clock.synchronize(lab.flavour, guest.machine)
        print(f"{guest.name}: was {offset * 1e3:+.1f} ms off, now within {error * 1e3:.1f} ms")


def _console(lab, options):
    console = lab.guest(options.node).console
    if not console.exists():
        raise LabError(f"{options.node} has written no console log yet", hint="`lab up`")
    sys.stdout.buffer.write(console.read_bytes())


def _check_logs(lab, options):
    found = kernellog.check(lab.flavour, lab.guests)
    for line in found:
        print(line)
    if found:
        raise LabError(f"{len(found)} lines in the kernel logs tell of a fault")


def _without_separator(words):
    return words[1:] if words[:1] == ["--"] else words
