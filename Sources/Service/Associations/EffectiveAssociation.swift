import Inventory
import Crypto
import JSONTape
import Schedules
import SystemsManager
import PlainText

/// What a node is to do after all: one collection, whatever the associations that name it.
///
/// As in AWS, an association that names nodes or tags takes the place of one for all nodes. Where AWS
/// fails a node that two of them name, they are one here: what any wants is collected, as often as the
/// most eager wants it.
struct EffectiveAssociation {
  /// Those that are followed, the oldest first: it gives the id.
  var members: [(association: Association, terms: AssociationTerms)]
  /// Those for all nodes that had to give way.
  var overridden: [(association: Association, terms: AssociationTerms)]
  var parameters: JSONValue
  var schedule: String?
  /// Differs where anything differs that the agent must know.
  var checksum: String

  var id: String { members[0].association.id }
  /// When a run was asked for last, in milliseconds since 1970; 0 for never.
  var startedOnce: Int64 { members.map(\.association.startedOnce).max() ?? 0 }

  /// When a run on a node was asked for last, of it alone or of all, in milliseconds since 1970; 0 for never.
  func asked(_ run: AssociationRun?) -> Int64 { max(startedOnce, run?.requested ?? 0) }

  /// Since when it is to run on its schedule and not at once, in milliseconds since 1970; nil for at once.
  ///
  /// So where all of them want it, by a cron expression: rates begin at once.
  var scheduledFrom: Int64? {
    guard let schedule, case .cron = Schedule(schedule),
      members.allSatisfy({ $0.terms.input["ApplyOnlyAtCronInterval"] == .bool(true) })
    else { return nil }
    return members.map(\.terms.version.created).max()
  }

  /// Nil where no association names the node.
  init?(_ all: [Association], node: String, tags: Tags) {
    let covering = all.compactMap { association in
      association.terms().flatMap { terms in
        terms.covers(node, tags: tags) ? (association: association, terms: terms) : nil
      }
    }.sorted {
      ($0.association.created, $0.association.id) < ($1.association.created, $1.association.id)
    }
    guard !covering.isEmpty else { return nil }
    let own = covering.filter { !$0.terms.isGlobal }
    members = own.isEmpty ? covering : own
    overridden = own.isEmpty ? [] : covering.filter(\.terms.isGlobal)
    parameters = Self.merged(members.map { $0.terms.input["Parameters"] ?? .object([]) })
    schedule = Self.mostEager(members.map(\.terms.schedule))
    let versions = members.map { "\($0.association.id) \($0.terms.version.number)" }
    let text =
      "\(GatherDocument.hash) \(versions.joined(separator: " ")) \(schedule ?? "") "
      + parameters.compact
    checksum = Hex.text(SHA256.hash(data: Array(text.utf8)))
  }

  /// The shortest rate; else the first schedule there is.
  private static func mostEager(_ schedules: [String?]) -> String? {
    let rates = schedules.compactMap { text -> (text: String, seconds: Int64)? in
      guard let text, case .rate(let seconds) = Schedule(text) else { return nil }
      return (text, seconds)
    }
    return rates.min { $0.seconds < $1.seconds }?.text ?? schedules.compactMap { $0 }.first
  }

  /// What any of some parameters want.
  static func merged(_ all: [JSONValue]) -> JSONValue {
    guard all.count > 1 else {
      // The agent takes the first value of a text without looking whether there is one.
      let lists = GatherDocument.parameters.filter { $0.kind == .words }.map(\.name)
      return .object(
        (all.first?.members ?? []).filter { !$0.value.texts.isEmpty || lists.contains($0.name) })
    }
    return .object(
      GatherDocument.parameters.compactMap { parameter in
        let said = all.compactMap { $0[parameter.name]?.texts }
        guard !said.isEmpty else { return nil }
        return .init(parameter.name, .array(merged(said, parameter.kind).map { .string($0) }))
      })
  }

  private static func merged(_ said: [[String]], _ kind: GatherDocument.Kind) -> [String] {
    let texts = said.flatMap { $0 }.filter { !$0.isEmpty }
    switch kind {
    case .onOff: return [texts.contains("Enabled") ? "Enabled" : "Disabled"]
    case .number: return texts.compactMap { Int($0) }.max().map { [String($0)] } ?? [""]
    case .text: return [texts.first ?? ""]
    case .words:
      var seen: Set<String> = []
      return texts.filter { seen.insert($0).inserted }
    case .json:
      let elements = texts.flatMap { text in
        (try? JSONValue(parsing: Array(text.utf8)))?.elements ?? []
      }
      return [elements.isEmpty ? "" : JSONValue.array(elements).compact]
    }
  }
}
