"""What sensors cry out goes to the hook of their tank."""
import configparser
import json
import sys
import urllib.parse
import urllib.request

from supervisor import childutils


def hook():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read("alerts.ini")
    return parser["hooks"]["url"]


def send(process, cry):
    url = f"{hook()}/{urllib.parse.quote(cry['tank'])}"
    request = urllib.request.Request(url, json.dumps(
        {"process": process, **cry}).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status


def main():
    while True:
        headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        about, data = childutils.eventdata(payload)
        try:
            status = send(about["processname"], json.loads(data))
        except OSError as error:
            status = error
        print(headers["serial"], about["processname"], status,
              file=sys.stderr, flush=True)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
