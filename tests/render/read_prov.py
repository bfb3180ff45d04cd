#!/usr/bin/env python3
"""Reads each *.prov of some folders as PROV-JSON: by a JSON schema, by rules of PROV that a schema cannot say, by Python's PROV
library, and against the chain's JSON.

The schema is written after https://www.w3.org/submissions/prov-json/ (24 April 2013), its section on each relation. It is
stricter in one thing: names are qualified and their prefixes declared.
"""

import json
import re
import sys

from pairs import differ, ends, pairs, skip

try:
    import jsonschema
    import prov.model
except ImportError as missing:
    skip(f"{missing}: install python3-jsonschema and python3-prov")

# Relation → the ends that it has to have, and those that it can have. "time" is a moment, all else a name.
RELATIONS = {
    "wasGeneratedBy": ("entity", "activity time"),
    "used": ("activity", "entity time"),
    "wasInformedBy": ("informed informant", ""),
    "wasStartedBy": ("activity", "trigger starter time"),
    "wasEndedBy": ("activity", "trigger ender time"),
    "wasInvalidatedBy": ("entity", "activity time"),
    "wasDerivedFrom": ("generatedEntity usedEntity", "activity generation usage"),
    "wasAttributedTo": ("entity agent", ""),
    "wasAssociatedWith": ("activity", "agent plan"),
    "actedOnBehalfOf": ("delegate responsible", "activity"),
    "wasInfluencedBy": ("influencee influencer", ""),
    "specializationOf": ("specificEntity generalEntity", ""),
    "alternateOf": ("alternate1 alternate2", ""),
    "hadMember": ("collection entity", ""),
}
NAME = {"type": "string", "pattern": r"^([A-Za-z_][A-Za-z0-9_.-]*)?:[^\s]+$"}
MOMENT = {"type": "string", "pattern": r"^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$"}
SCALAR = [
    {"type": "string"},
    {"type": "number"},
    {"type": "boolean"},
    {
        "type": "object",
        "properties": {"$": {"type": "string"}, "type": NAME, "lang": {"type": "string"}},
        "required": ["$"],
        "additionalProperties": False,
    },
]
VALUE = {"anyOf": [*SCALAR, {"type": "array", "minItems": 1, "items": {"anyOf": SCALAR}}]}


def described(required, optional):
    fields = (required + " " + optional).split()
    return {
        "type": "object",
        "properties": {"prov:" + field: MOMENT if field == "time" else NAME for field in fields},
        "required": ["prov:" + field for field in required.split()],
        "patternProperties": {"^prov:(label|type|role|location|value)$": VALUE, "^(?!prov:)[^:]+:": VALUE},
        "additionalProperties": False,
    }


def table(of):
    return {"type": "object", "patternProperties": {NAME["pattern"]: of}, "additionalProperties": False}


ACTIVITY = described("", "")
ACTIVITY["properties"] = {"prov:startTime": MOMENT, "prov:endTime": MOMENT}
SCHEMA = {
    "type": "object",
    "properties": {
        "prefix": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:"}},
        "entity": table(described("", "")),
        "agent": table(described("", "")),
        "activity": table(ACTIVITY),
        **{name: table(described(*fields)) for name, fields in RELATIONS.items()},
    },
    "additionalProperties": False,
}
# What each end has to be (PROV-DM); an influence is between anything.
KINDS = {"entity": {"entity"}, "activity": {"activity"}, "agent": {"agent"}, "informed": {"activity"}, "informant": {"activity"},
         "alternate1": {"entity"}, "alternate2": {"entity"}, "generatedEntity": {"entity"}, "usedEntity": {"entity"}}
# The end that data came from and the one that it went to.
WAYS = {"used": ("entity", "activity"), "wasGeneratedBy": ("activity", "entity"), "wasInformedBy": ("informant", "informed"),
        "wasInfluencedBy": ("influencer", "influencee"), "alternateOf": ("alternate1", "alternate2")}


def names_in(value):
    """Every qualified name: of elements, relations, attributes and their values of type xsd:QName."""
    if isinstance(value, dict):
        if value.get("type") == "xsd:QName":
            yield value["$"]
        for key, each in value.items():
            if ":" in key:
                yield key
            yield from names_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from names_in(each)


def check_references(path, document):
    kinds = {}
    for kind in ("entity", "activity", "agent"):
        for name in document.get(kind, {}):
            differ(path, f"{name} is two things", None, kinds.get(name))
            kinds[name] = kind
    for relation, (required, optional) in RELATIONS.items():
        for each in document.get(relation, {}).values():
            for field in (required + " " + optional).split():
                name = each.get("prov:" + field)
                if field == "time" or name is None:
                    continue
                if name not in kinds:
                    sys.exit(f"{path}: {relation} refers to {name}, which is not there")
                if kinds[name] not in KINDS.get(field, {"entity", "activity", "agent"}):
                    sys.exit(f"{path}: {relation} has {name}, which is of kind {kinds[name]}, as {field}")
    prefixes = set(document["prefix"]) | {"prov", "xsd", "_"}
    for name in names_in({key: value for key, value in document.items() if key != "prefix"}):
        if name.split(":")[0] not in prefixes:
            sys.exit(f"{path}: nobody says what the prefix of {name} is")
    generations = [(each["prov:entity"], each["prov:activity"]) for each in document.get("wasGeneratedBy", {}).values()]
    differ(path, "an entity is generated twice by one activity", sorted(set(generations)), sorted(generations))


def check_chain(path, document, chain):
    def local(name):
        return re.sub("^catena:", "", name)

    elements = {local(name): element for kind in ("entity", "activity", "agent") for name, element in document.get(kind, {}).items()}
    differ(path, "nodes", sorted(node["id"] for node in chain["nodes"]), sorted(elements))
    for node in chain["nodes"]:
        differ(path, "label", node["label"], elements[node["id"]]["prov:label"])
    flows = []
    for relation, (source, target) in WAYS.items():
        for each in document.get(relation, {}).values():
            flows.append((local(each["prov:" + source]), local(each["prov:" + target]), each.get("catena:op", "peer")))
    differ(path, "flows", sorted(ends(chain)), sorted(flows))
    events = sorted(int(event["$"]) for relation in WAYS for each in document.get(relation, {}).values()
                    for event in each.get("catena:event", []))
    differ(path, "events", sorted(event for edge in chain["edges"] for event in edge["events"]), events)


def check_library(path, text, document):
    """A second opinion: what the library understood is as much as was written."""
    understood = prov.model.ProvDocument.deserialize(content=text, format="json")
    written = sum(len(value) for key, value in document.items() if key != "prefix")
    differ(path, "records that the library understood", written, len(understood.get_records()))
    differ(path, "the library's own PROV-JSON", understood,
           prov.model.ProvDocument.deserialize(content=understood.serialize(format="json"), format="json"))


def main(folders):
    count = 0
    for path, text, chain in pairs(folders, ".prov"):
        document = json.loads(text)
        try:
            jsonschema.Draft7Validator(SCHEMA).validate(document)
        except jsonschema.ValidationError as error:
            sys.exit(f"{path}: {error}")
        check_references(path, document)
        check_chain(path, document, chain)
        check_library(path, text, document)
        count += 1
    print(f"prov: {count} documents")


if __name__ == "__main__":
    main(sys.argv[1:])
