"""Calls the nine gRPC methods of a coordinator and runs sagas, with grpcio and messages encoded by hand.

usage: grpcio_check.py host:port
"""

import base64
import json
import sys
import threading
import uuid
from concurrent import futures

import grpc

ALL_BYTES = bytes(range(256))


# --- the part of protobuf that the check needs ----------------------------------------------------

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(fields):
    """{number: value}: int, str, bytes, dict of str (a map), or a list of these."""
    out = bytearray()
    for number, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(number << 3) + varint(item)
            elif isinstance(item, dict):
                for key, text in item.items():
                    entry = encode({1: key, 2: text})
                    out += varint(number << 3 | 2) + varint(len(entry)) + entry
            else:
                data = item.encode() if isinstance(item, str) else item
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return bytes(out)


def decode(data):
    """{number: [values]}"""
    def read(at):
        value, shift = 0, 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                return value, at

    fields, at = {}, 0
    while at < len(data):
        tag, at = read(at)
        value, at = read(at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        fields.setdefault(tag >> 3, []).append(value)
    return fields


# --- the branch service ---------------------------------------------------------------------------

class Branches(grpc.GenericRpcHandler):
    def __init__(self):
        self.calls = []
        self.came = threading.Condition()

    def service(self, details):
        method = details.method.rsplit("/", 1)[1]

        def answer(payload, context):
            metadata = dict(context.invocation_metadata())
            with self.came:
                self.calls.append((metadata.get("dtm-gid"), method, metadata.get("dtm-branch_id"), metadata.get("dtm-op"), payload))
                self.came.notify_all()
            if method == "Refuse":
                context.abort(grpc.StatusCode.ABORTED, "no money")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)

    def until(self, gid, count):
        with self.came:
            check(self.came.wait_for(lambda: len(self.of(gid)) >= count, 20), f"{count} calls of {gid}, there were {self.of(gid)}")
            return self.of(gid)

    def of(self, gid):
        return [call[1:] for call in self.calls if call[0] == gid]


# --- the client -----------------------------------------------------------------------------------

def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Dtm:
    def __init__(self, target):
        self.channel = grpc.insecure_channel(target)
        self.called = set()

    def call(self, method, fields):
        self.called.add(method)
        return decode(self.channel.unary_unary(f"/dtmgimp.Dtm/{method}", None, None)(encode(fields), timeout=20))

    def refused(self, code, method, fields):
        try:
            self.call(method, fields)
        except grpc.RpcError as e:
            check(e.code() == code, f"{method}: expected {code}, got {e.code()} {e.details()}")
            return e.details()
        raise AssertionError(f"{method} should have ended with {code}")


def saga(gid, host, actions):
    steps = [{"action": f"{host}/py.Busi/{action}", "compensate": f"{host}/py.Busi/Back"} for action in actions]
    return {1: gid, 2: "saga", 3: encode({1: 1, 5: {"x-from": "python"}}), 5: [ALL_BYTES for _ in actions], 7: json.dumps(steps)}


def sagas(dtm, branches, host):
    gid = dtm.call("NewGid", {})[1][0].decode()
    dtm.call("Submit", saga(gid, host, ["One", "Two"]))
    expected = [("One", "01", "action", ALL_BYTES), ("Two", "02", "action", ALL_BYTES)]
    check(branches.of(gid) == expected, branches.of(gid))

    gid = dtm.call("NewGid", {})[1][0].decode()
    message = dtm.refused(grpc.StatusCode.ABORTED, "Submit", saga(gid, host, ["One", "Refuse"]))
    check("no money" in message, message)
    calls = [(method, branch, op) for method, branch, op, _ in branches.until(gid, 4)]
    check(calls == [("One", "01", "action"), ("Refuse", "02", "action"), ("Back", "02", "compensate"), ("Back", "01", "compensate")], calls)


def tcc(dtm, branches, host, last, op):
    gid = str(uuid.uuid4())
    dtm.call("Prepare", {1: gid, 2: "tcc"})
    dtm.call("RegisterBranch", {
        1: gid, 2: "tcc", 3: "01", 5: {"confirm": f"{host}/py.Busi/Confirm", "cancel": f"{host}/py.Busi/Cancel"}, 6: ALL_BYTES})
    dtm.call(last, {1: gid, 2: "tcc"})
    check(branches.until(gid, 1) == [(op.capitalize(), "01", op, ALL_BYTES)], branches.of(gid))


def xa(dtm, branches, host):
    gid = str(uuid.uuid4())
    dtm.call("Prepare", {1: gid, 2: "xa"})
    for branch in ("01", "02"):
        dtm.call("RegisterBranch", {1: gid, 2: "xa", 3: branch, 5: {"url": f"{host}/py.Busi/Xa{branch}"}, 6: ALL_BYTES})
    dtm.call("Submit", {1: gid, 2: "xa", 3: encode({1: 1})})
    expected = [("Xa01", "01", "commit", ALL_BYTES), ("Xa02", "02", "commit", ALL_BYTES)]
    check(branches.until(gid, 2) == expected, branches.of(gid))


def workflow(dtm):
    gid = str(uuid.uuid4())
    request = {1: gid, 2: "workflow", 4: json.dumps({"name": "wf", "data": ""})}
    dtm.call("PrepareWorkflow", request)
    dtm.call("RegisterBranch", {1: gid, 2: "workflow", 3: "01", 5: {"op": "action", "status": "succeed"}, 6: ALL_BYTES})
    result = base64.b64encode(ALL_BYTES).decode()
    dtm.call("Submit", {1: gid, 2: "workflow", 8: {"status": "succeed", "result": result}})
    reply = dtm.call("PrepareWorkflow", request)
    transaction, progress = decode(reply[1][0]), decode(reply[2][0])
    check((transaction[2], transaction[4]) == ([b"succeed"], [result.encode()]), transaction)
    check((progress[1], progress[2], progress[3], progress[4]) == ([b"succeed"], [ALL_BYTES], [b"01"], [b"action"]), progress)


def topics(dtm, branches, host):
    gid = topic = str(uuid.uuid4())
    dtm.call("Subscribe", {1: topic, 2: f"{host}/py.Busi/Hear", 3: "remark"})
    dtm.call("Subscribe", {1: topic, 2: f"{host}/py.Busi/Deaf"})
    dtm.call("Unsubscribe", {1: topic, 2: f"{host}/py.Busi/Deaf"})
    dtm.call("Submit", {1: gid, 2: "msg", 3: encode({1: 1}), 5: [b"news"], 7: json.dumps([{"action": f"topic://{topic}"}])})
    check(branches.of(gid) == [("Hear", "01", "action", b"news")], branches.of(gid))
    dtm.call("DeleteTopic", {1: topic})
    dtm.refused(grpc.StatusCode.INVALID_ARGUMENT, "DeleteTopic", {1: topic})


def main(target):
    branches = Branches()
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[branches])
    host = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    dtm = Dtm(target)
    sagas(dtm, branches, host)
    tcc(dtm, branches, host, "Submit", "confirm")
    tcc(dtm, branches, host, "Abort", "cancel")
    xa(dtm, branches, host)
    workflow(dtm)
    topics(dtm, branches, host)
    message = dtm.refused(grpc.StatusCode.INVALID_ARGUMENT, "Submit", {2: "saga"})
    check("gid" in message, message)
    check(len(dtm.called) == 9, dtm.called)
    server.stop(None).wait()
    print("nine methods, two sagas")


if __name__ == "__main__":
    main(sys.argv[1])
