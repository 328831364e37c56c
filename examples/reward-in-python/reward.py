#!/usr/bin/env python3
"""A reward of one's own for bgpo: 4x4 Sudoku, judged in Python. Only the standard library is needed.

As `task.name: command` it reads a JSON object a line from standard input and writes one a line to standard output.
With `--http PORT` it is the same as a service, for `task.name: http`. What it prints to standard error goes to the run's log.
"""

import json
import sys


def score(prompt, reference, completion):
    """The share of blanks that are filled as in the reference; 1 is a solved puzzle."""
    answer = completion.strip()
    if len(answer) != 16 or any(c not in "1234" for c in answer):
        return {"reward": 0, "outcome": "malformed", "info": "not sixteen digits from 1 to 4"}
    if any(given not in ("0", digit) for given, digit in zip(prompt, answer)):
        return {"reward": 0, "info": "a given is changed"}
    blanks = [i for i, given in enumerate(prompt) if given == "0"]
    right = sum(answer[i] == reference[i] for i in blanks)
    return {"reward": right / len(blanks), "exact": right == len(blanks)}


def answer(request):
    return {"id": request["id"], **score(request["prompt"], request["reference"], request["completion"])}


def serve_lines():
    for line in sys.stdin:  # ends with the run, when standard input does
        print(json.dumps(answer(json.loads(line))), flush=True)  # flush: bgpo waits for each line


def serve_http(port):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answer(request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--http":
        serve_http(int(sys.argv[2]))
    else:
        serve_lines()
