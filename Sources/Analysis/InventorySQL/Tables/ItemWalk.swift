import HistoryStore
import Inventory
import SQLite

/// The items of one type, one after another, as states or lists of holders have them.
protocol ItemWalk: AnyObject {
  func next() throws -> Bool
  var type: TypeName { get }
  var node: NodeID { get }
  /// Appends the UTF-8 bytes of an attribute of the item; false where it has none of that name.
  func appendValue(of attribute: String, to bytes: inout [UInt8]) -> Bool
  /// The whole item; costs its attributes.
  var item: Item { get }
  /// The observation that the item is from; nil where that was not looked at.
  var state: InventoryState? { get }
}

/// Reads the state of one node after another; holds one at a time.
final class StateWalk: ItemWalk {
  let type: TypeName
  private let session: QuerySession
  private let moment: Moment
  private var nodes: any NodeWalk
  private var place = -1
  private(set) var state: InventoryState?

  init(_ session: QuerySession, _ type: TypeName, _ moment: Moment, _ nodes: any NodeWalk) {
    self.session = session
    self.type = type
    self.moment = moment
    self.nodes = nodes
  }

  func next() throws -> Bool {
    place += 1
    while place >= state?.items.count ?? 0 {
      guard let node = try nodes.next() else { return false }
      state = try session.history.read(session.scope, moment) { reader in
        try reader.state(of: node.id, number: node.number, type: type)
      }
      place = 0
    }
    return true
  }

  var node: NodeID { state?.node ?? NodeID(stored: "") }

  var item: Item { state?.items[place] ?? Item(sorted: []) }

  func appendValue(of attribute: String, to bytes: inout [UInt8]) -> Bool {
    state?.items.appendValue(of: attribute, at: place, to: &bytes) ?? false
  }
}

/// Goes through the holders of some names, or those among them that are some nodes.
final class HolderWalk: ItemWalk {
  let type: TypeName
  private let maps: [HolderMap]
  private let nodes: [NodeID]?
  private var map = 0
  private var places: [Int] = []
  private var place = -1
  private var isBegun = false

  init(_ type: TypeName, _ maps: [HolderMap], nodes: [NodeID]?) {
    self.type = type
    self.maps = maps
    self.nodes = nodes
  }

  func next() -> Bool {
    place += 1
    while !isBegun || place >= count {
      if isBegun { map += 1 }
      isBegun = true
      guard map < maps.count else { return false }
      if let nodes { places = nodes.flatMap { maps[map].places[$0] ?? [] } }
      place = 0
    }
    return true
  }

  private var count: Int { nodes == nil ? maps[map].list.count : places.count }
  private var position: Int { nodes == nil ? place : places[place] }

  var node: NodeID { maps[map].list.node(at: position) }
  var item: Item { maps[map].list[position].item }
  var state: InventoryState? { nil }

  func appendValue(of attribute: String, to bytes: inout [UInt8]) -> Bool {
    maps[map].list.appendValue(of: attribute, at: position, to: &bytes)
  }
}

/// One walk after the other.
final class JoinedWalks: ItemWalk {
  private let walks: [() throws -> any ItemWalk]
  private var index = 0
  private var current: (any ItemWalk)?

  /// - Parameter walks: each is begun when the one before has ended.
  init(_ walks: [() throws -> any ItemWalk]) { self.walks = walks }

  func next() throws -> Bool {
    while true {
      if let current {
        if try current.next() { return true }
        index += 1
      }
      guard index < walks.count else {
        current = nil
        return false
      }
      current = try walks[index]()
    }
  }

  var type: TypeName { current?.type ?? TypeName(stored: "") }
  var node: NodeID { current?.node ?? NodeID(stored: "") }
  var item: Item { current?.item ?? Item(sorted: []) }
  var state: InventoryState? { current?.state }

  func appendValue(of attribute: String, to bytes: inout [UInt8]) -> Bool {
    current?.appendValue(of: attribute, to: &bytes) ?? false
  }
}

// MARK: - Nodes

/// Nodes, one after another.
protocol NodeWalk {
  mutating func next() throws -> (id: NodeID, number: UInt32)?
}

/// Some nodes.
struct NodeList: NodeWalk {
  private let nodes: [(id: NodeID, number: UInt32)]
  private var place = 0

  init(_ nodes: [(id: NodeID, number: UInt32)]) { self.nodes = nodes }

  mutating func next() -> (id: NodeID, number: UInt32)? {
    guard place < nodes.count else { return nil }
    place += 1
    return nodes[place - 1]
  }
}

/// All nodes of the scope in order of their ids, a few hundred at a time.
struct EveryNode: NodeWalk {
  private let session: QuerySession
  private var page: [(id: NodeID, number: UInt32)] = []
  private var place = 0
  private var isEnd = false

  init(_ session: QuerySession) { self.session = session }

  mutating func next() throws -> (id: NodeID, number: UInt32)? {
    if place == page.count {
      guard !isEnd else { return nil }
      let after = page.last?.id.text
      page.removeAll(keepingCapacity: true)
      place = 0
      var found: [(id: NodeID, number: UInt32)] = []
      try session.history.read(session.scope) { reader in
        try reader.forEachNode(after: after) { id, number in
          found.append((id, number))
          return found.count < 512
        }
      }
      isEnd = found.count < 512
      page = found
      guard !page.isEmpty else { return nil }
    }
    place += 1
    return page[place - 1]
  }
}

extension QuerySession {
  /// The nodes that a condition names; all of them for nil.
  func nodes(_ values: [SQLValue]?) throws -> any NodeWalk {
    guard let values else { return EveryNode(self) }
    return NodeList(try values.compactMap { try node($0) })
  }

  /// The items that conditions on type, node and name leave, found in the cheapest way.
  ///
  /// - Parameters:
  ///   - name: the attribute by which items of the type are found; nil where there is none.
  ///   - needsState: whether what holders do not know is looked at: times of the occurrence, of the observation.
  func items(
    of type: TypeName, _ moment: Moment, nodes wanted: [SQLValue]?, names: [String]?,
    needsState: Bool
  ) throws -> any ItemWalk {
    guard let names else { return StateWalk(self, type, moment, try nodes(wanted)) }
    let maps = try names.map { try holders(of: $0, type: type, moment) }
    guard needsState else {
      let ids = wanted?.compactMap { $0.asText }.map { NodeID(stored: $0) }
      return HolderWalk(type, maps, nodes: ids)
    }
    let wantedIDs = wanted.map { Set($0.compactMap(\.asText)) }
    var ids: Set<NodeID> = []
    for map in maps { ids.formUnion(map.places.keys) }
    if let wantedIDs { ids = ids.filter { wantedIDs.contains($0.text) } }
    let found = try history.read(scope) { reader in
      try ids.sorted().compactMap { id in try reader.number(of: id).map { (id: id, number: $0) } }
    }
    return StateWalk(self, type, moment, NodeList(found))
  }
}
