import JSONTape
import Terminal

// What there is to ask for.

extension InventoryService {
  /// Groups that one question may have.
  private static let groupsMax = 15

  /// All types of which the service knows a schema.
  func types() throws -> [String] {
    var types: [String] = []
    try pages("GetInventorySchema", [], pageSize: 200) { page in
      types += (page["Schemas"]?.elements ?? []).compactMap { $0["TypeName"]?.text }
      return true
    }
    return types
  }

  /// The ids of all nodes.
  func nodes() throws -> [String] {
    var nodes: [String] = []
    try pages("GetInventory", []) { page in
      nodes += (page["Entities"]?.elements ?? []).compactMap { $0["Id"]?.text }
      return !Interruption.isRequested
    }
    return nodes
  }

  /// The types without those that the service says no node has.
  ///
  /// A fleet has a third of the types, and each that it has not would cost a request for every node.
  /// Where the service does not count them, all are asked for.
  func typesInUse(_ types: [String]) throws -> [String] {
    var unused: Set<String> = []
    for start in stride(from: 0, to: types.count, by: Self.groupsMax) {
      let some = Array(types[start..<min(start + Self.groupsMax, types.count)])
      unused.formUnion(try unusedTypes(of: some))
    }
    return types.filter { !unused.contains($0) }
  }

  private func unusedTypes(of types: [String]) throws -> [String] {
    let groups = types.enumerated().map { index, type in
      JSONValue.object([
        .init("Name", .string("type\(index)")),
        .init(
          "Filters",
          .array([
            .object([
              .init("Key", .string("TypeName")), .init("Values", .array([.string(type)])),
              .init("Type", .string("Exists")),
            ])
          ])),
      ])
    }
    let page: JSONValue
    do {
      page = try self.page(
        "GetInventory",
        [.init("Aggregators", .array([.object([.init("Groups", .array(groups))])]))], after: nil)
    } catch let error as ServiceRefusal where error.isOfInput { return [] }
    let entities = page["Entities"]?.elements ?? []
    return types.enumerated().filter { index, _ in
      let rows = entities.flatMap { $0["Data"]?["type\(index)"]?["Content"]?.elements ?? [] }
      let counts = { (name: String) in rows.compactMap { $0[name]?.text.flatMap { Int($0) } } }
      // Only where some nodes were counted and none of them has it.
      return counts("matchingCount") == [0] && counts("notMatchingCount").contains { $0 > 0 }
    }.map(\.element)
  }
}
