import os, sys, traceback, yaml, logging
from pathlib import Path
import schemas
from pipeline.environment import quieten
quieten()
from pipeline.init.proposal import propose
from pipeline.init.render import render
from pipeline.init.words import Role
from pipeline.config import load_settings
from pipeline.commands.ingest import run_ingestion
from schemas.errors import InputError
only=sys.argv[1:]
for case in sorted(os.listdir("/work/shared/cases")):
    folder=Path("/work/shared/cases")/case
    if not (folder/"c.yaml").is_file() or (only and case not in only): continue
    c=yaml.safe_load((folder/"c.yaml").read_text())
    if "REAL" in str(c): continue
    os.chdir(folder)
    log=c["interactions"]["path"]
    if "{" in log: log="dt=*/*.csv"
    items=(c.get("items") or {}).get("path"); users=(c.get("users") or {}).get("path")
    print("=====",case, log, items, users, flush=True)
    try:
        p=propose(log,items,users,{})
        text=render(p,"x.yaml")
        Path("/tmp/init-cases/%s.yaml"%case).write_text(text)
        s=load_settings("/tmp/init-cases/%s.yaml"%case, output="/tmp/init-cases/run-"+case)
        for ch in p.checks(): print("  check", ch)
        f=p.log.fields
        print("  ", {r.value:(ch.column,ch.certainty.value) for r,ch in f.items()}, p.log.reading.settings)
        counts=run_ingestion(s)
        print("   read %d kept %d rejects %s"%(counts["read"],counts["kept"],counts["rejects"]), counts["catalogue"]["rejects"])
        for w in (*counts["warnings"],*counts["catalogue"]["warnings"]): print("   warning",w[:200])
    except InputError as e:
        print("  INPUT ERROR", str(e)[:600])
    except Exception:
        traceback.print_exc()
