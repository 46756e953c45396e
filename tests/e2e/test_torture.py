#!/usr/bin/env python3
"""script/torture with as many kills as TOCSIN_TORTURE_KILLS says, 200 where it says nothing: see docs/torture.md."""
import os
import pathlib
import sys

script = pathlib.Path(__file__).resolve().parent.parent.parent / "script/torture"
os.execv(sys.executable, [sys.executable, str(script), "--kills", os.environ.get("TOCSIN_TORTURE_KILLS", "200"), "--minutes", "7"])
