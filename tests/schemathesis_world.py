#!/usr/bin/env python3
"""Fills an empty service over its API and writes the settings of schemathesis: made-up.toml and, with real keys for the paths, real.toml.

schemathesis_world.py URL TOKEN SETTINGS FOLDER
"""

import datetime
import json
import re
import sys
import urllib.error
import urllib.request

url, token, settings, folder = sys.argv[1:]
WEEK = "2024-W34"
SOON = str(datetime.date.today() + datetime.timedelta(days=14))


def send(method, path, body=None, media="application/json", over=None):
    """The answer; `over` is where the version stands that the change is made over."""
    data = None
    if body is not None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/api/v1{path}", data=data, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if data is not None:
        request.add_header("Content-Type", media)
    if over:
        reading = urllib.request.Request(f"{url}/api/v1{over}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(reading, timeout=30) as answer:
            request.add_header("If-Match", answer.headers["ETag"])
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")
    return json.loads(text) if text else None


def document_of(number):
    return (
        f"# 周报 {WEEK}\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.991%\n\n## 【生产事件】\n\n"
        f"1. 08/2{number} 15:00 提现失败，影响约684笔出金交易，15:30 恢复正常。【待复盘】\n"
    )


people = {person["email"]: person["id"] for person in send("GET", "/accounts")["data"]}
reporter = people["reporter@example.com"]
team = send("POST", "/teams", {"name": "支付", "lead_id": people["lead@example.com"], "member_ids": [reporter]})["id"]
line = send("POST", "/services", {"name": "提现", "team_id": team})["id"]
send("POST", "/indicators", {"key": "withdraw", "name": "提现有效成功率", "service_id": line})
send("PUT", "/indicators/withdraw/objectives/week", {"target": "99.95"})
send("PUT", "/indicators/withdraw/hand-counts/2024-08-05", {"total": 10, "success": 9})
minutes = [
    {"minute": f"2024-08-20T{11 + n // 60:02}:{n % 60:02}:00+08:00", "total": 140, "success": 20 if n < 25 else 140}
    for n in range(90)
]
send("POST", "/indicators/withdraw/samples", {"samples": minutes})
source = {"url": "https://prometheus.example.com", "total": "sum(x)", "success": "sum(y)"}
send("PUT", "/indicators/withdraw/source", source)
event = {
    "narrative": "退款延迟，影响约684笔", "occurred_at": "2024-08-20T11:00:00+08:00", "recovered_at": "2024-08-20T11:20:00+08:00",
    "severity": "C", "postmortem": "pending", "services": [{"service_id": line}], "loss_actual_fen": 734100, "tags": ["退款"],
}
for _ in range(3):
    send("POST", "/events", event)
hidden = dict(event, narrative="内部排查", restricted=True)
send("POST", "/events", hidden)
send("PUT", "/events/1/responsibility", {"shares": [{"team": team, "basis_points": 10000}]}, over="/events/1/responsibility")
entry = send("POST", "/events/1/timeline", {"text": "重启", "at": "2024-08-20T11:10:00+08:00"})
send("PUT", "/events/1/postmortem/sections/impact", {"text": "684 笔退款晚到"}, over="/events/1/postmortem/sections/impact")
send("POST", "/events/1/action-items", {"title": "加告警", "owner": "reporter@example.com", "due_on": SOON})
send("PATCH", "/events/1/postmortem", {"owner": "reporter@example.com", "due_on": SOON}, over="/events/1")
send("POST", "/events/1/relations", {"kind": "related", "other": "PE-2"})
meeting = {"starts_at": f"{SOON}T10:00:00+08:00", "minutes": 45, "attendees": [reporter]}
send("PUT", "/events/1/review-meeting", meeting)
view = send("POST", "/views", {"name": "待办", "query": "state:owed", "shared": True})["id"]
run = send("POST", f"/imports?week={WEEK}", document_of(1), "text/markdown")["run"]
send("PUT", "/report-styles/house", {"style": {"year_to_date": True}, "is_default": True})
send("PUT", f"/figures/{WEEK}/out", {"value": "99.9"})
send("PUT", f"/incident-counts/{WEEK}/C", {"count": "1"})
send("PUT", "/calendars/company/days/2024-08-24", {"works": True, "name": "补班"})
hook = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef0123456789abcdef"
notifier = send("POST", "/notifiers", {"name": "群", "tool": "feishu", "url": hook, "topics": ["event.logged"]})["id"]
send("POST", f"/reports/{WEEK}:publish")
share = send("POST", "/report-shares", {"week": WEEK, "name": "部门"})["id"]
mailing = {"name": "周报", "recipients": ["boss@example.com"], "weekday": "wed", "time": "14:00"}
mailing = send("POST", "/report-mailings", mailing)["id"]
mail = send("POST", "/outbox:test", {"to": "boss@example.com"})["id"]
spare = send("POST", "/tokens", {"name": "spare", "days": 30, "scopes": ["read"]})["id"]

# The longest beginning that fits says which key a path takes.
IDS = {
    "/accounts/": reporter, "/events/{number}/timeline/": entry.get("id") or entry["entry"]["id"], "/imports/": run,
    "/notifiers/": notifier, "/outbox/": mail, "/report-mailings/": mailing, "/report-shares/": share, "/services/": line,
    "/teams/": team, "/tokens/": spare, "/views/": view,
}
KEYS = {
    "account": reporter, "number": "1", "item": "PE-1", "week": WEEK, "severity": "C", "window": "week", "span": "2024-08-05",
    "kind": "related", "other": "PE-2", "day": "2024-08-24",
}
NAMES = {"/policies/": "reminders", "/report-styles/": "house", "/figures/": "out", "/events/": "impact"}


def longest(table, path):
    fitting = [start for start in table if path.startswith(f"/api/v1{start}")]
    return table[max(fitting, key=len)] if fitting else None


with open("docs/openapi.json", encoding="utf-8") as document:
    paths = json.load(document)["paths"]
with open(settings, encoding="utf-8") as common:
    made_up = [common.read()]
real = list(made_up)
for path in paths:
    found = {}
    for name in re.findall(r"\{(\w+)\}", path):
        value = KEYS.get(name)
        if name == "id":
            value = longest(IDS, path)
        elif name == "name":
            value = longest(NAMES, path)
        elif name == "key":
            value = "company" if path.startswith("/api/v1/calendars") else "withdraw"
        if value is not None:
            found[f"path.{name}"] = value
    if not found:
        continue
    pairs = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in found.items())
    pinned = f"[[operations]]\ninclude-path = {json.dumps(path)}\nparameters = {{ {pairs} }}\n"
    real.append(pinned)
    # It would learn the id of its own token from a list, revoke it, and be nobody from there on.
    if path.startswith("/api/v1/tokens/"):
        made_up.append(pinned)
for name, parts in [("made-up", made_up), ("real", real)]:
    with open(f"{folder}/{name}.toml", "w", encoding="utf-8") as file:
        file.write("\n".join(parts))
