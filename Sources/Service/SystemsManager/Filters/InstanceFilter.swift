import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

/// A filter on nodes, in the words of DescribeInstanceInformation and its kin.
struct InstanceFilter {
  var key: String
  var values: [String]
  var comparison: InventoryFilter.Comparison

  /// The keys that there are, and the attribute of the node's row that each looks at.
  private static let attributes = [
    "InstanceIds": "InstanceId", "InstanceId": "InstanceId", "AgentVersion": "AgentVersion",
    "PingStatus": "PingStatus", "PlatformTypes": "PlatformType", "PlatformType": "PlatformType",
    "PlatformName": "PlatformName", "PlatformVersion": "PlatformVersion",
    "ResourceType": "ResourceType", "ComputerName": "ComputerName", "SourceIds": "SourceId",
    "SourceTypes": "SourceType", "ActivationIds": "ActivationId", "IamRole": "IamRole",
    "AssociationStatus": "AssociationStatus", "DocumentName": "DocumentName",
    "InstanceState": "InstanceState", "IPAddress": "IpAddress",
  ]

  /// Whether it looks at what became of an association.
  var isOfRun: Bool { key == "AssociationStatus" }

  var isTag: Bool { key == "tag-key" || key.hasPrefix("tag:") }

  init(
    _ key: String, _ values: [String], _ comparison: InventoryFilter.Comparison = .equal
  ) throws(AWSError) {
    guard Self.attributes[key] != nil || key == "tag-key" || key.hasPrefix("tag:") else {
      throw AWSError(
        "InvalidFilterKey",
        "The filter key '\(key)' isn't known: \(Self.attributes.keys.sorted().joined(separator: ", ")), tag-key, tag:<name>."
      )
    }
    self.key = key
    self.values = values
    self.comparison = comparison
  }

  func matches(_ row: Item, tags: Tags) -> Bool {
    if key == "tag-key" { return values.contains { tags[$0] != nil } }
    if key.hasPrefix("tag:") {
      return tags[String(key.dropFirst(4))].map(values.contains) ?? false
    }
    return InventoryFilter(
      type: .instanceInformation, attribute: Self.attributes[key] ?? key, comparison: comparison,
      values: values
    ).matches(row)
  }
}

extension SystemsManager {
  func describe(
    _ request: AWSRequest, _ list: [JSONValue], names: (key: String, values: String),
    answer: String, limit: Int, _ render: (NodeView, Item) -> [JSONValue.Member]
  ) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    var filters: [InstanceFilter] = []
    for value in list {
      let key = value[names.key]?.text ?? ""
      let values = value[names.values]?.texts ?? []
      let type = value["Operator"]?.text
      if try moment.take(key: key, values: values, type: type) { continue }
      filters.append(
        try InstanceFilter(
          key, values, type.flatMap(InventoryFilter.Comparison.init) ?? .equal))
    }
    guard !filters.contains(where: \.isTag) || filters.allSatisfy(\.isTag) else {
      throw AWSError.validation("Filters on tags can't be combined with others.")
    }
    return try reading(request, moment) { reader in
      let changed = try changedNodes(request, moment, through: reader.sequence)
      let named = try Self.namedNodes(filters, reader)
      let page = try page(
        request, moment, limit: request.integer("MaxResults") ?? limit, after: token?.position,
        in: reader, candidates: named
      ) { node, number in
        guard changed?.contains(node) ?? true, let view = try reader.view(node, number),
          !view.isTerminated, view.information["InstanceStatus"] != "Stopped"
        else { return nil }
        let row = try pinged(view, try lastHeard(view, moment, reader), moment)
        let tags =
          filters.contains(where: \.isTag)
          ? try reader.toldTags(of: node, number: number) : Tags()
        guard filters.allSatisfy({ $0.isOfRun || $0.matches(row, tags: tags) }) else { return nil }
        // Of the past it is not known how associations went.
        let runs = moment.at == nil ? try tasks?.members(of: node, in: request.scope) ?? [] : []
        let status = Item([("AssociationStatus", runs.first?.value.text ?? "")])
        guard filters.allSatisfy({ !$0.isOfRun || $0.matches(status, tags: [:]) }) else {
          return nil
        }
        return .present(runs + render(view, row))
      }
      return .present([
        .init(answer, .array(page.values)), .init("NextToken", .text(page.token)),
      ])
    }
  }

  /// The nodes that are asked for by their ids; an error where one is not known.
  private static func namedNodes(
    _ filters: [InstanceFilter], _ reader: borrowing HistoryReader
  ) throws -> [NodeID]? {
    let filter = filters.first {
      ($0.key == "InstanceIds" || $0.key == "InstanceId") && $0.comparison == .equal
    }
    guard let filter else { return nil }
    var nodes: Set<NodeID> = []
    for id in filter.values {
      guard let node = try? NodeID(id), try reader.number(of: node) != nil else {
        throw unknownNode(id)
      }
      nodes.insert(node)
    }
    return nodes.sorted { precedes($0.text, $1.text) }
  }

  /// When a node was heard of last, as of the question's moment.
  private func lastHeard(
    _ view: NodeView, _ moment: Moment, _ reader: borrowing HistoryReader
  ) throws -> Instant {
    if moment.at == nil {
      let reported = view.summary.lastSeen ?? view.captureTime
      let heard = heard.heard(view.summary.scope, view.node.text).map {
        Instant(milliseconds: $0.time)
      }
      return max(reported, heard ?? .distantPast)
    }
    var last = Instant.distantPast
    for type in reader.types where type != Tags.type {
      let state = try reader.state(of: view.node, number: view.number, type: type)
      last = max(last, state.lastConfirmed ?? state.observedAt ?? .distantPast)
    }
    return last
  }

  /// A node's row with its ping status.
  ///
  /// What the registry knows of it is of the present alone.
  private func pinged(_ view: NodeView, _ last: Instant, _ moment: Moment) throws -> Item {
    let silence = (moment.at ?? moment.asked).seconds - last.seconds
    var status = silence > configuration.connectionLostAfter ? "ConnectionLost" : "Online"
    var registered: [(key: String, value: String)] = []
    if moment.at == nil {
      if heard.heard(view.summary.scope, view.node.text)?.isInactive == true { status = "Inactive" }
      if let node = try registry.node(view.node.text), node.scope == view.summary.scope {
        registered = [("ActivationId", node.activation), ("IamRole", node.role)]
        registered.append(
          ("RegistrationDate", Instant(milliseconds: node.registered).description))
        if let name = node.name { registered.append(("Name", name)) }
      }
    }
    return Item(
      view.information.attributes.map { (key: $0.name, value: $0.value) } + [
        ("PingStatus", status), ("LastPing", last.description), ("SourceId", view.node.text),
        (
          "SourceType",
          view.node.text.hasPrefix("i-") ? "AWS::EC2::Instance" : "AWS::SSM::ManagedInstance"
        ),
      ] + registered)
  }

  private static let platforms: Set<String> = ["Windows", "Linux", "MacOS"]

  static func common(_ view: NodeView, _ row: Item) -> [JSONValue.Member] {
    let registered = row["RegistrationDate"].flatMap(Moment.time)
    return [
      .init("InstanceId", .string(view.node.text)), .init("PingStatus", .text(row["PingStatus"])),
      .init("LastPingDateTime", .timestamp(row["LastPing"].flatMap(Moment.time))),
      .init("AgentVersion", .text(row["AgentVersion"])),
      .init(
        "PlatformType", .text(row["PlatformType"].flatMap { platforms.contains($0) ? $0 : nil })),
      .init("PlatformName", .text(row["PlatformName"])),
      .init("PlatformVersion", .text(row["PlatformVersion"])),
      .init("ResourceType", .text(row["ResourceType"])),
      .init("IPAddress", .text(row["IpAddress"])),
      .init("ComputerName", .text(row["ComputerName"])),
      .init(
        "RegistrationDate",
        .timestamp(registered ?? Instant(seconds: view.summary.firstRecorded.seconds))),
      .init("ActivationId", .text(row["ActivationId"])), .init("IamRole", .text(row["IamRole"])),
      .init("Name", .text(row["Name"])),
      .init("SourceId", .text(row["SourceId"])), .init("SourceType", .text(row["SourceType"])),
    ]
  }
}
