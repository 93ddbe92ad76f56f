"""Checks that what the pages of the installed package name is there.

    links.py ROOT    the root of the system that the package is installed in

A page may link into the sources, which only the checkout has.
"""

import re
import sys
from pathlib import Path

SOURCES = ("ARCHITECTURE.md", "bench/", "kdf/", "src/", "../loadtest/")

root = Path(sys.argv[1])
docs = root / "usr/share/doc/hallpass"
pages = sorted(docs.rglob("*.md"))
missing = []
for page in pages:
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    missing += [
        f"{page.relative_to(root)}: {link}"
        for link in links
        if not link.startswith(SOURCES) and not (page.parent / link).exists()
    ]
    named = re.findall(r"/usr/(?:lib|share)/[\w./-]*\w|/etc/hallpass/hallpass\.toml", text)
    missing += [f"{page.relative_to(root)}: {path}" for path in named if not (root / path[1:]).exists()]
if len(pages) < 5:
    missing.append(f"there are only {len(pages)} pages in {docs}")
if missing:
    sys.exit("not in the package: " + "; ".join(missing))
