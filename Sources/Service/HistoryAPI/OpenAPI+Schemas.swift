import JSONTape

extension HistoryAPI {
  private enum Kind {
    case text, optionalText, time, optionalTime, integer, optionalInteger, flag, texts
    case map, optionalMap, list(String)
  }

  /// The forms of what is answered; the same members as the command line's JSON.
  static let schemas: JSONValue = .object([
    form(
      "Node",
      [
        ("node", .text), ("account", .text), ("region", .text), ("status", .text),
        ("statusTime", .optionalTime), ("tags", .map), ("firstRecorded", .time),
        ("lastSeen", .optionalTime),
      ]),
    form(
      "State",
      [
        ("node", .text), ("type", .text), ("at", .time), ("knownAt", .optionalTime),
        ("observedAt", .optionalTime), ("lastConfirmed", .optionalTime),
        ("nextObserved", .optionalTime), ("knowledge", .text), ("schemaVersion", .optionalText),
        ("imported", .flag), ("source", .optionalText), ("items", .list("Item")),
        ("sources", .list("Source")),
      ], optional: ["sources"]),
    form(
      "Source",
      [
        ("source", .text), ("standing", .text), ("observedAt", .time),
        ("nextObserved", .optionalTime), ("sequence", .integer), ("itemCount", .integer),
        ("differences", .list("SourceDifference")),
      ]),
    form(
      "SourceDifference",
      [("change", .text), ("identity", .map), ("old", .optionalMap), ("new", .optionalMap)]),
    form(
      "Change",
      [
        ("validTime", .time), ("recordedTime", .time), ("sequence", .integer), ("node", .text),
        ("type", .text), ("change", .text), ("identity", .map), ("old", .optionalMap),
        ("new", .optionalMap), ("account", .text), ("region", .text), ("imported", .flag),
        ("source", .optionalText),
      ]),
    form(
      "Difference",
      [
        ("validTime", .optionalTime), ("recordedTime", .optionalTime),
        ("sequence", .optionalInteger), ("node", .text), ("otherNode", .optionalText),
        ("type", .text), ("change", .text), ("identity", .map), ("old", .optionalMap),
        ("new", .optionalMap),
      ]),
    form(
      "Holding",
      [
        ("node", .text), ("version", .optionalText), ("from", .time), ("to", .optionalTime),
        ("name", .text), ("type", .text), ("account", .text), ("region", .text), ("item", .map),
      ]),
    form("RolloutStep", [("at", .time), ("nodes", .map)]),
    form(
      "RollUpLine",
      [
        ("name", .text), ("version", .optionalText), ("nodes", .integer), ("type", .text),
        ("item", .map),
      ]),
    form(
      "Type",
      [
        ("type", .text), ("account", .text), ("region", .text), ("versions", .texts),
        ("attributes", .texts), ("identity", .texts), ("declared", .flag), ("nodes", .integer),
        ("deleted", .optionalTime),
      ]),
    form(
      "Recorded",
      [
        ("node", .text), ("sequence", .optionalInteger), ("items", .integer),
        ("changes", .integer), ("line", .integer), ("error", .text), ("code", .text),
        ("count", .integer),
      ], required: []),
    form("Item", []), form("Report", [("InstanceId", .text), ("Items", .list("Item"))]),
    form("Error", [("error", .map)]),
  ])

  private static func form(
    _ name: String, _ members: [(String, Kind)], required: [String]? = nil,
    optional: Set<String> = []
  ) -> JSONValue.Member {
    .init(
      name,
      .object([
        .init("type", .string("object")),
        .init("properties", .object(members.map { .init($0.0, schema($0.1)) })),
        .init(
          "required",
          .array(
            (required ?? members.map(\.0).filter { !optional.contains($0) }).map(JSONValue.string))),
      ]))
  }

  private static func schema(_ kind: Kind) -> JSONValue {
    func types(_ names: String...) -> JSONValue {
      .object([
        .init(
          "type", names.count == 1 ? .string(names[0]) : .array(names.map(JSONValue.string)))
      ])
    }
    return switch kind {
    case .text, .time: types("string")
    case .optionalText, .optionalTime: types("string", "null")
    case .integer: types("integer")
    case .optionalInteger: types("integer", "null")
    case .flag: types("boolean")
    case .map: types("object")
    case .optionalMap: types("object", "null")
    case .texts:
      .object([.init("type", .string("array")), .init("items", types("string"))])
    case .list(let name):
      .object([
        .init("type", .string("array")),
        .init("items", .object([.init("$ref", .string("#/components/schemas/\(name)"))])),
      ])
    }
  }
}
