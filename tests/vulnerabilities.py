"""Lists known weaknesses of the versions that are installed from here: constraints.txt, and the embedded server's lock.

python tests/vulnerabilities.py        needs `pip-audit` and the network, to reach PyPI's list of weaknesses

It tells and never fails: what to do about one is for a person to decide, and a machine without the network can do nothing.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTS = (ROOT / "constraints.txt", ROOT / "curate/review/local/lock.txt")
SECONDS = 120


def weaknesses(requirements: Path) -> list[str] | str:
    """One line a weakness; or, as a text, why they cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "requirements.txt")  # exact versions alone
        pins = [line.split()[0] for line in requirements.read_text(encoding="utf-8").splitlines() if "==" in line.split("#")[0]]
        newest = {pin.partition("==")[0]: pin.rstrip("\\") for pin in pins}  # a lock may have one for each Python
        plain.write_text("\n".join(newest.values()) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", plain, "--no-deps", "--disable-pip", "--format", "json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            found = json.loads(done.stdout)["dependencies"]
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        except (ValueError, KeyError):
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip-audit said nothing"
    looked_up = [package for package in found if "skip_reason" not in package]
    if not looked_up:  # pip-audit itself calls that "no known vulnerabilities"
        return f"none of {len(found)} packages could be looked up"
    return [
        f"{package['name']} {package['version']}: {each['id']}"
        + (f", fixed in {', '.join(each['fix_versions'])}" if each["fix_versions"] else "")
        for package in looked_up
        for each in package.get("vulns", ())
    ]


def main() -> None:
    for requirements in LISTS:
        found = weaknesses(requirements)
        print(f"{requirements.relative_to(ROOT)}: ", end="")
        if isinstance(found, str):
            print(f"the list of known weaknesses cannot be had here: {found}")
        else:
            print("\n".join([f"known weaknesses: {len(found)}", *(f"  {each}" for each in found)]))


if __name__ == "__main__":
    main()
