"""Complete an OCI bundle: what an engine makes of `docker run --read-only --tmpfs /tmp --network none`.

    buildah inspect --type image IMAGE | python3 bundle.py BUNDLE ROOT [FROM:TO[:ro] ...] -- [ARGUMENT ...]

BUNDLE holds the `config.json` of `runc spec`, ROOT the image's files. User, environment, working directory
and entry point are those of the image; no capability is left.
"""

import json
import sys
from pathlib import Path
from typing import Any


def bind(mount: str) -> dict[str, Any]:
    """A bind mount as the runtime wants it, of FROM:TO or FROM:TO:ro."""
    source, target, *mode = mount.split(":")
    options = ["rbind", "nosuid", "nodev", *(mode or ["rw"])]
    return {"destination": target, "type": "bind", "source": source, "options": options}


def complete(
    config: dict[str, Any], image: dict[str, Any], root: str, mounts: list[str], arguments: list[str]
) -> None:
    """Change `config`, as `runc spec` writes it, into a container of `image` with these arguments."""
    user, group = (int(number) for number in image["User"].split(":"))
    config["root"] = {"path": root, "readonly": True}
    process = config["process"]
    process["terminal"] = False
    process["user"] = {"uid": user, "gid": group}
    process["args"] = [*image["Entrypoint"], *(arguments or image["Cmd"])]
    process["env"] = image["Env"]
    process["cwd"] = image["WorkingDir"]
    process["noNewPrivileges"] = True
    process["capabilities"] = {}
    tmp = {
        "destination": "/tmp",  # noqa: S108  the container's own
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "nodev", "mode=1777"],
    }
    config["mounts"] += [tmp, *(bind(mount) for mount in mounts)]


def main() -> None:
    """Read the image's configuration from stdin and complete the bundle that the command line names."""
    at = sys.argv.index("--")
    bundle, root, *mounts = sys.argv[1:at]
    path = Path(bundle) / "config.json"
    config = json.loads(path.read_text())
    image = json.load(sys.stdin)["OCIv1"]["config"]
    complete(config, image, root, mounts, sys.argv[at + 1 :])
    path.write_text(json.dumps(config, indent=1))


if __name__ == "__main__":
    main()
