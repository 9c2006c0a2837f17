#!/usr/bin/env python3
"""What the program is made of: its licences, sources and banned crates are checked, and listed as CycloneDX.

  tests/supply_chain.py check        cargo deny where it is installed or named by CARGO_DENY (with advisories where their
                                     database is at hand), else the rules of deny.toml on licences, sources and bans, read from cargo metadata
  tests/supply_chain.py rules        these rules alone
  tests/supply_chain.py sbom [FILE]  the crates that are compiled into the binary as CycloneDX 1.5 (JSON)
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def metadata(*more):
    cargo = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--locked", *more]
    return json.loads(subprocess.run(cargo, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def satisfied(expression, allowed):
    """Whether an SPDX expression can be met with licences of the list: `(MIT OR Apache-2.0) AND Unicode-3.0`."""
    words = expression.replace("/", " OR ").replace("(", " ( ").replace(")", " ) ").split()

    def either(at):
        met, at = both(at)
        while at < len(words) and words[at] == "OR":
            more, at = both(at + 1)
            met = met or more
        return met, at

    def both(at):
        met, at = one(at)
        while at < len(words) and words[at] == "AND":
            more, at = one(at + 1)
            met = met and more
        return met, at

    def one(at):
        if words[at] == "(":
            met, at = either(at + 1)
            return met, at + 1
        name, at = words[at], at + 1
        if at < len(words) and words[at] == "WITH":
            name, at = f"{name} WITH {words[at + 1]}", at + 2
            return name in allowed or name.split(" ")[0] in allowed, at
        return name in allowed, at

    return either(0)[0]


def by_rules():
    """The rules of deny.toml without cargo deny."""
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed, banned = set(rules["licenses"]["allow"]), {one["crate"]: one["reason"] for one in rules["bans"]["deny"]}
    wrong, looked = [], 0
    found = metadata("--all-features")
    for package in found["packages"]:
        name, source = package["name"], package["source"]
        if source is None:
            continue  # Of this workspace.
        looked += 1
        if not source.startswith("registry+https://github.com/rust-lang/crates.io-index"):
            wrong.append(f"{name} {package['version']}: source {source} is not crates.io")
        if name in banned:
            wrong.append(f"{name} {package['version']}: banned: {banned[name]}")
        licence = package["license"] or ""
        if not licence or not satisfied(licence, allowed):
            wrong.append(f"{name} {package['version']}: licence {licence or 'unknown'} is not in deny.toml")
    print(f"{looked} crates: licences, sources and bans " + ("are not in order" if wrong else "are in order"))
    print("\n".join(wrong))
    return 1 if wrong or not looked else 0


def check():
    tool = os.environ.get("CARGO_DENY") or shutil.which("cargo-deny")
    if tool is None:
        print("cargo deny is not installed (cargo install cargo-deny --locked): the rules are checked by this script, advisories are not")
        return by_rules()
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    databases = any((home / name).is_dir() for name in ["advisory-dbs", "advisory-db"])
    what = ["licenses", "bans", "sources"] + (["advisories"] if databases else [])
    if not databases:
        print("no advisory database at hand (cargo deny fetch db): advisories are not checked")
    command = [tool, "--offline", "--log-level", "error", "check", "--hide-inclusion-graph", "--allow", "duplicate", *what]
    return subprocess.run(command, cwd=ROOT).returncode


def sbom(path):
    found = metadata("--filter-platform", "x86_64-unknown-linux-gnu")
    packages = {package["id"]: package for package in found["packages"]}
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    root = next(one for one in found["packages"] if one["name"] == "fupan" and one["source"] is None)
    built, waiting = set(), [root["id"]]
    while waiting:
        one = waiting.pop()
        if one in built:
            continue
        built.add(one)
        for edge in nodes[one]["deps"]:
            # What only tests need is not in the binary.
            if any(kind["kind"] in (None, "build") for kind in edge["dep_kinds"]):
                waiting.append(edge["pkg"])

    sums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}

    def ref(package):
        return f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package):
        one = {"type": "library", "bom-ref": ref(package), "name": package["name"], "version": package["version"], "purl": ref(package)}
        if package["license"]:
            one["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if digest := sums.get((package["name"], package["version"])):
            one["hashes"] = [{"alg": "SHA-256", "content": digest}]
        if package["source"] and package["repository"]:
            one["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
        return one

    listed = sorted((packages[one] for one in built if one != root["id"]), key=ref)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(root), "type": "application"}},
        "components": [component(package) for package in listed],
        "dependencies": [
            {"ref": ref(packages[one]), "dependsOn": sorted(ref(packages[edge["pkg"]]) for edge in nodes[one]["deps"] if edge["pkg"] in built)}
            for one in sorted(built, key=lambda one: ref(packages[one]))
        ],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if path:
        Path(path).write_text(text)
        print(f"{path}: {len(listed)} components")
    else:
        sys.stdout.write(text)
    return 0


def main(arguments):
    if arguments[:1] == ["check"] and len(arguments) == 1:
        return check()
    if arguments[:1] == ["rules"] and len(arguments) == 1:
        return by_rules()
    if arguments[:1] == ["sbom"] and len(arguments) <= 2:
        return sbom(arguments[1] if len(arguments) == 2 else None)
    sys.stderr.write(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
