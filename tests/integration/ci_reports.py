# SPDX-License-Identifier: Apache-2.0
"""JUnit XML and SARIF 2.1.0, held against their schemas.

The rules are written down here: of JUnit those of junit-10.xsd, which Jenkins'
xUnit plugin checks results with; of SARIF those of the sections of the OASIS
standard that are named. An element or property that is not in the tables is an
error, as it is in both schemas.
"""
import json
import pathlib
import xml.etree.ElementTree

# Element: required attributes, other attributes, children, has text.
JUNIT = {
    "testsuites": ((), ("name", "time", "tests", "failures", "errors"),
                   ("testsuite",), False),
    "testsuite": (("name", "tests", "failures", "errors"),
                  ("group", "time", "skipped", "timestamp", "hostname", "id",
                   "package", "file", "log", "url", "version"),
                  ("testsuite", "properties", "testcase", "system-out",
                   "system-err"), False),
    "testcase": (("name",), ("time", "classname", "group"),
                 ("skipped", "error", "failure", "system-out", "system-err"),
                 False),
    "failure": ((), ("type", "message"), (), True),
    "skipped": ((), ("type", "message"), (), True),
}

TEXT, WHOLE, URI = "text", "whole number", "uri"
LEVELS = ("none", "note", "warning", "error")
# Object: property -> (required, what its value is). A list has one member.
SARIF = {
    "sarifLog": {"$schema": (False, URI),  # 3.13
                 "version": (True, ("2.1.0",)), "runs": (True, ["run"])},
    "run": {"tool": (True, "tool"), "results": (False, ["result"])},  # 3.14
    "tool": {"driver": (True, "toolComponent")},  # 3.18
    "toolComponent": {"name": (True, TEXT), "version": (False, TEXT),  # 3.19
                      "rules": (False, ["reportingDescriptor"])},
    "reportingDescriptor": {"id": (True, TEXT),  # 3.49
                            "shortDescription": (False, "multiformat")},
    "multiformat": {"text": (True, TEXT)},  # 3.12
    "result": {"ruleId": (False, TEXT), "level": (False, LEVELS),  # 3.27
               "message": (True, "message"), "occurrenceCount": (False, WHOLE),
               "locations": (False, ["location"])},
    "message": {"text": (True, TEXT)},  # 3.11: text or id
    "location": {"physicalLocation": (False, "physicalLocation")},  # 3.28
    "physicalLocation": {"artifactLocation": (True, "artifactLocation"),
                         "region": (False, "region")},  # 3.29
    "artifactLocation": {"uri": (False, URI)},  # 3.4
    "region": {"startLine": (True, WHOLE)},  # 3.30
}


def check_element(test, element):
    required, optional, children, has_text = JUNIT[element.tag]
    test.assertLessEqual(set(required), set(element.attrib), element.tag)
    test.assertLessEqual(set(element.attrib), set(required + optional),
                         element.tag)
    if not has_text:
        test.assertFalse((element.text or "").strip(), element.tag)
    for child in element:
        test.assertIn(child.tag, children)
        test.assertFalse((child.tail or "").strip(), element.tag)
        check_element(test, child)


def check_counts(test, element, has_skipped):
    """What is said to be inside is."""
    counts = {"tests": "testcase", "failures": "failure", "errors": "error"}
    if has_skipped:
        counts["skipped"] = "skipped"
    for name, tag in counts.items():
        test.assertEqual(int(element.get(name)), len(list(element.iter(tag))))


def check_junit(test, path, tests, failures):
    root = xml.etree.ElementTree.parse(path).getroot()
    test.assertEqual("testsuites", root.tag)
    check_element(test, root)
    check_counts(test, root, False)
    for suite in root:
        check_counts(test, suite, True)
    test.assertEqual((str(tests), str(failures)),
                     (root.get("tests"), root.get("failures")))
    for case in root.iter("testcase"):
        test.assertTrue(case.get("name") and case.get("classname"))
    for failure in root.iter("failure"):
        test.assertTrue(failure.get("message") and failure.get("type"))
    return root


def check_value(test, value, kind, where):
    if isinstance(kind, list):
        test.assertIsInstance(value, list, where)
        for at, one in enumerate(value):
            check_value(test, one, kind[0], f"{where}[{at}]")
    elif isinstance(kind, tuple):
        test.assertIn(value, kind, where)
    elif kind == WHOLE:
        test.assertIs(int, type(value), where)
        test.assertGreater(value, 0, where)
    elif kind in (TEXT, URI):
        test.assertIsInstance(value, str, where)
        test.assertTrue(value, where)
        if kind == URI:
            test.assertRegex(value, r"\A(?:[A-Za-z0-9._~/:-]|%[0-9A-F]{2})+\Z")
    else:
        check_object(test, value, kind, where)


def check_object(test, value, name, where):
    rules = SARIF[name]
    test.assertIsInstance(value, dict, where)
    test.assertLessEqual(set(value), set(rules), where)
    for key, (is_required, kind) in rules.items():
        if is_required:
            test.assertIn(key, value, where)
        if key in value:
            check_value(test, value[key], kind, f"{where}.{key}")


def check_sarif(test, path, tool, results):
    """3.27.5: a result's ruleId is the id of a rule of its tool."""
    raw = pathlib.Path(path).read_bytes()
    log = json.loads(raw.decode("utf-8"))
    check_object(test, log, "sarifLog", "log")
    test.assertTrue(log["$schema"].endswith("/sarif-2.1.0.json"))
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    test.assertEqual(tool, driver["name"])
    ids = [rule["id"] for rule in driver["rules"]]
    test.assertEqual(len(ids), len(set(ids)))
    test.assertEqual(results, len(run["results"]))
    test.assertEqual(set(ids), {one["ruleId"] for one in run["results"]})
    return run["results"]
