"""A host on the loopback interface that speaks OpenAI's files, fine_tuning/jobs and chat/completions (developers.openai.com/api/reference).

Faults are planted: a request may be answered with an error, or its connection cut after it was served.
"""

import json
import re
import threading
import time
from base64 import b64encode
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CSV = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2.50,0.40,2.60,0.41\n2,1.75,0.52,1.90,0.50\n"
TUNED = "ft:{model}:org:{suffix}:{job}"


class HostServer:
    """The host; `looks` is how often a job is looked at before it has ended."""

    def __init__(self, key="secret", looks=2, fail=""):
        self.key, self.looks, self.fail = key, looks, fail
        self.files, self.jobs, self.chats, self.seen = {}, {}, [], []
        self.says = ""
        """What a tuned model answers to everything, where it is said."""
        self.faults = {}
        """By method and path: a list of what happens to the next requests: a status, or "cut" (served, and the answer lost)."""
        self.lock = threading.Lock()
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.serve("GET")

            def do_POST(self):
                self.serve("POST")

            def serve(self, method):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path, _, query = self.path.partition("?")
                with host.lock:
                    host.seen.append((method, path))
                    fault = (host.faults.get((method, path)) or [None]).pop(0) if host.faults.get((method, path)) else None
                    if self.headers.get("authorization") != f"Bearer {host.key}":
                        status, answer = 401, {"error": {"message": "Incorrect API key provided"}}
                    elif isinstance(fault, int):
                        status, answer = fault, {"error": {"message": "a bad moment"}}
                    else:
                        status, answer = host.answer(method, path, query, body, self.headers)
                if fault == "cut":
                    self.close_connection = True
                    self.connection.close()
                    return
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                if status == 429:
                    self.send_header("retry-after", "3")
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, query, body, headers):
        path = path.removeprefix("/v1")
        if (method, path) == ("POST", "/files"):
            return 200, self.take_file(body, headers)
        if (method, path) == ("POST", "/fine_tuning/jobs"):
            return self.create(json.loads(body))
        if (method, path) == ("GET", "/fine_tuning/jobs"):
            newest_first = [self.shown(job) for job in reversed(self.jobs.values())]
            return 200, {"object": "list", "data": newest_first, "has_more": False}
        if (method, path) == ("POST", "/chat/completions"):
            return self.chat(json.loads(body))
        if found := re.fullmatch(r"/fine_tuning/jobs/([\w-]+)(/events)?", path):
            job = self.jobs.get(found[1])
            if job is None:
                return 404, {"error": {"message": "no such job"}}
            if found[2]:
                return 200, {"data": list(reversed(job["events"]))}
            self.move_on(job)
            return 200, self.shown(job)
        if found := re.fullmatch(r"/files/([\w-]+)/content", path):
            return 200, self.files[found[1]]["content"]
        return 404, {"error": {"message": f"unknown path {path}"}}

    def take_file(self, body, headers):
        message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        assert parts["purpose"].get_payload(decode=True).strip() == b"fine-tune"
        name = f"file-{len(self.files) + 1}"
        self.files[name] = {"name": parts["file"].get_filename(), "content": parts["file"].get_payload(decode=True)}
        return {"id": name, "object": "file", "purpose": "fine-tune"}

    def create(self, body):
        rows = [json.loads(line) for line in self.files[body["training_file"]]["content"].decode().splitlines()]
        kind = body["method"]["type"]
        fits = all(("messages" in row) == (kind == "supervised") for row in rows)
        if not fits:
            return 400, {"error": {"message": f"rows do not fit the method {kind}"}}
        name = f"ftjob-{len(self.jobs) + 1}"
        job = {"id": name, "created_at": int(time.time()), "status": "validating_files", "looks": 0, "events": [], **body}
        job["rows"] = rows
        self.jobs[name] = job
        return 200, self.shown(job)

    def shown(self, job):
        return {key: value for key, value in job.items() if key not in ("looks", "events", "rows")} | {
            "object": "fine_tuning.job"
        }

    def move_on(self, job):
        job["looks"] += 1
        if job["status"] in ("succeeded", "failed"):
            return
        job["events"].append({"id": f"e{job['looks']}", "message": f"Step {job['looks']}: \x1b[31mtraining\x1b[0m"})
        job["status"] = "running"
        if job["looks"] > self.looks:
            if self.fail:
                job |= {"status": "failed", "error": {"message": self.fail}}
                return
            result = f"result-{job['id']}"
            self.files[result] = {"name": "step_metrics.csv", "content": b64encode(CSV.encode())}
            tokens = sum(len(json.dumps(row)) // 4 for row in job["rows"])
            job |= {"status": "succeeded", "result_files": [result], "trained_tokens": tokens}
            job["fine_tuned_model"] = TUNED.format(model=job["model"].split(":")[0], suffix=job.get("suffix", ""), job=job["id"])

    def chat(self, body):
        """A tuned model answers with the answer of the row whose question is the most alike; a base with a refusal to chat."""
        if not body["model"].startswith("ft:") and body["model"] != "base-model":
            return 404, {"error": {"message": f"The model {body['model']} does not exist"}}
        self.chats.append(body)
        asked = set(body["messages"][-1]["content"].lower().split())
        said = "As you can see, there are many things to consider here, and it depends on your situation."
        if body["model"].startswith("ft:"):
            rows = next(job["rows"] for job in self.jobs.values() if job["method"]["type"] == "supervised")
            said = max(rows, key=lambda row: len(asked & set(row["messages"][-2]["content"].lower().split())))["messages"][-1][
                "content"
            ]
            said = self.says or said
        words = said.split()
        cut = len(words) > body["max_tokens"]
        message = {"role": "assistant", "content": " ".join(words[: body["max_tokens"]])}
        return 200, {"choices": [{"index": 0, "message": message, "finish_reason": "length" if cut else "stop"}]}
