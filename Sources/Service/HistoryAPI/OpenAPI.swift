package import JSONTape
import Questions

extension HistoryAPI {
  /// All routes, in the order in which the document lists them.
  static let routes: [Route] =
    questionRoutes + otherRoutes + [
      sqlRoute,
      Route(
        path: openAPIPath, summary: "This document.", schema: "Any", isList: false,
        isPublic: true
      ) { _, _, _, _ in .text(openAPI, type: Format.json.rawValue) },
      Route(
        path: "/v1", summary: "What there is, and where.", schema: "Any", isList: false,
        isPublic: true
      ) { _, _, _, _ in .object(index) },
    ]

  /// The OpenAPI 3.1 document of the routes.
  package static let openAPI: String = {
    var paths: [(String, [JSONValue.Member])] = []
    for route in routes {
      let member = JSONValue.Member(route.method.lowercased(), operation(route))
      if let known = paths.firstIndex(where: { $0.0 == route.path }) {
        paths[known].1.append(member)
      } else {
        paths.append((route.path, [member]))
      }
    }
    var bytes: [UInt8] = []
    object([
      ("openapi", .string("3.1.0")),
      (
        "info",
        object([
          ("title", .string("Stocktake")), ("version", .string("1")),
          (
            "description",
            .string(
              "An inventory that remembers everything. Times are in UTC unless they say otherwise.")
          ),
        ])
      ),
      (
        "servers",
        .array([
          object([
            // Relative to where the document came from.
            ("url", .string("/")), ("description", .string("The server that has this document.")),
          ])
        ])
      ), ("paths", .object(paths.map { .init($0.0, .object($0.1)) })),
      (
        "components",
        object([
          ("schemas", schemas),
          (
            "securitySchemes",
            object([
              (
                "sigv4",
                object([
                  ("type", .string("apiKey")), ("name", .string("Authorization")),
                  ("in", .string("header")),
                  ("description", .string("AWS Signature Version 4, service ssm.")),
                ])
              ),
              (
                "bearer",
                object([
                  ("type", .string("http")), ("scheme", .string("bearer")),
                  (
                    "description",
                    .string("A token of \"stocktake keys create --bearer\": reads only.")
                  ),
                ])
              ),
            ])
          ),
        ])
      ),
    ]).write(to: &bytes, indent: 0)
    return String(decoding: bytes, as: UTF8.self)
  }()

  /// Where to begin: what a browser or a new client is told.
  package static let index = object([
    ("name", .string("Stocktake")),
    ("about", .string("An inventory that remembers everything; its documents are in docs/.")),
    (
      "links",
      object([
        ("api", .string("/v1")), ("openapi", .string(openAPIPath)),
        ("health", .string("/healthz")), ("ready", .string("/readyz")),
        ("metrics", .string("/metrics")),
      ])
    ),
    (
      "routes",
      .array(routes.map { .string("\($0.method) \($0.path)") })
    ),
  ])

  private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { .init($0.0, $0.1) })
  }

  private static func reference(_ name: String) -> JSONValue {
    name == "Any"
      ? object([("type", .string("object"))])
      : object([("$ref", .string("#/components/schemas/\(name)"))])
  }

  private static func operation(_ route: Route) -> JSONValue {
    let row = reference(route.schema)
    let form =
      route.isList ? object([("type", .string("array")), ("items", row)]) : row
    var content: [(String, JSONValue)] = [(Format.json.rawValue, object([("schema", form)]))]
    if route.isList || route.schema == "SQLAnswer" {
      let text = object([("schema", object([("type", .string("string"))]))])
      content += [(Format.ndjson.rawValue, text), (Format.csv.rawValue, text)]
    }
    if route.path == "/v1/changes" {
      content.append(
        (Format.events.rawValue, object([("schema", object([("type", .string("string"))]))])))
    }
    var responses = [("200", response("What was found.", content))]
    if route.path == "/v1/changes" { responses.append(("304", response("Nothing new.", []))) }
    for (status, meaning) in errors(route) {
      responses.append(
        (
          status,
          response(meaning, [(Format.json.rawValue, object([("schema", reference("Error"))]))])
        ))
    }
    var members: [(String, JSONValue)] = [
      ("summary", .string(route.summary)),
      ("parameters", .array(pathParameters(route) + route.parameters.map(parameter))),
      ("responses", object(responses)),
    ]
    if let body = route.body {
      members.append(("requestBody", requestBody(body, isMany: route.writes)))
    }
    if !route.isPublic {
      let schemes = ["sigv4"] + (route.method == "GET" ? ["bearer"] : [])
      members.append(("security", .array(schemes.map { object([($0, .array([]))]) })))
    }
    return object(members)
  }

  private static func errors(_ route: Route) -> [(String, String)] {
    var errors = [("400", "The request is not one."), ("406", "No such format.")]
    if route.isPublic { return errors }
    errors += [
      ("401", "Not signed, or not as it should be."), ("403", "The key may not do that."),
      ("429", "More than the server takes on at a time."),
    ]
    if route.path.contains("{") { errors.append(("404", "No such node.")) }
    if route.body != nil {
      errors += [("413", "More than the limit."), ("415", "No such format.")]
      errors.append(
        route.writes
          ? ("422", "The report is refused, and nothing of it is stored.")
          : ("422", "The query takes more time or room than it may."))
    }
    return errors
  }

  private static func response(
    _ meaning: String, _ content: [(String, JSONValue)]
  ) -> JSONValue {
    object(
      [("description", .string(meaning))] + (content.isEmpty ? [] : [("content", object(content))]))
  }

  private static func pathParameters(_ route: Route) -> [JSONValue] {
    route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
      object([
        ("name", .string(String(segment.dropFirst().dropLast()))), ("in", .string("path")),
        ("required", .bool(true)), ("schema", text(max: 128)),
      ])
    }
  }

  private static func parameter(_ parameter: Parameter) -> JSONValue {
    var schema: JSONValue =
      switch parameter.kind {
      case .text(let max): text(max: max)
      case .node: text(max: 128)
      case .type: text(max: 100)
      case .time:
        object([
          ("type", .string("string")),
          (
            "examples",
            .array([.string("2026-03-03T09:00:00Z"), .string("2026-03-03"), .string("3 days ago")])
          ),
        ])
      case .integer(let range), .seconds(let range):
        object([
          ("type", .string("integer")), ("minimum", .count(range.lowerBound)),
          ("maximum", .count(range.upperBound)),
        ])
      case .choice(let words): text(of: words)
      case .flag: text(of: ["true", "false"])
      case .position(let isLog):
        object([
          ("type", .string("string")),
          (
            "pattern",
            .string("^[0-9]{1,15}" + (isLog ? "(\\.[0-9]{1,15})?$" : "\\.[0-9]{1,15}$"))
          ),
        ])
      }
    if parameter.isRepeatable {
      schema = object([
        ("type", .string("array")), ("items", schema), ("maxItems", .count(Parameter.timesMax)),
      ])
    }
    return object([
      ("name", .string(parameter.name)), ("in", .string("query")),
      ("required", .bool(parameter.isRequired)), ("description", .string(parameter.meaning)),
      ("schema", schema),
    ])
  }

  private static func text(max: Int) -> JSONValue {
    object([("type", .string("string")), ("minLength", .integer(1)), ("maxLength", .count(max))])
  }

  private static func text(of words: [String]) -> JSONValue {
    object([("type", .string("string")), ("enum", .array(words.map { .string($0) }))])
  }

  private static func requestBody(_ form: String, isMany: Bool) -> JSONValue {
    var content = [(Format.json.rawValue, object([("schema", reference(form))]))]
    if isMany {
      content.append(
        (Format.ndjson.rawValue, object([("schema", object([("type", .string("string"))]))])))
    }
    return object([("required", .bool(true)), ("content", object(content))])
  }
}
