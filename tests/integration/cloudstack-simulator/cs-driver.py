"""Makes calls with Debian's `cs`, one a line of standard input, and answers each with a line."""

import json
import sys

from cs import CloudStack
from cs.client import CloudStackApiException, CloudStackException

for line in sys.stdin:
    call = json.loads(line)
    client = CloudStack(
        endpoint=call["url"],
        key=call["apiKey"],
        secret=call["secretKey"],
        method=call["method"],
        poll_interval=0.02,
        fetch_result=call["wait"],
    )
    try:
        answer = {"result": getattr(client, call["command"])(**call["parameters"])}
    except CloudStackApiException as refused:
        answer = {"status": refused.response.status_code, "error": refused.error}
    except CloudStackException as broken:
        answer = {"status": broken.response.status_code, "error": {"errortext": str(broken.args)}}
    except Exception as lost:
        answer = {"status": 0, "error": {"errortext": repr(lost)}}
    print(json.dumps(answer), flush=True)
