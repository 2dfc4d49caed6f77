import LMDB

/// The named databases of the environment; docs/format.md describes each key and value.
struct Tables {
  let log: Database
  let meta: Database
  let seen: Database
  let scopes: Database
  let chain: Database
  let dictionary: Database
  let shapes: Database
  let schemas: Database
  let nodes: Database
  let nodeNumbers: Database
  let timeline: Database
  let tails: Database
  let keyframes: Database
  let hashes: Database
  let identities: Database
  let holders: Database
  let activity: Database
  let erasures: Database
  let control: Database

  /// What follows from the log, and is dropped and rebuilt from it.
  var projections: [Database] {
    [
      scopes, chain, dictionary, shapes, schemas, nodes, nodeNumbers, timeline, tails,
      keyframes, hashes, identities, holders, activity, erasures,
    ]
  }

  /// The tables over whose rows a sum is kept.
  var summed: [Database] { [log] + projections + [control] }

  /// Every table, by name.
  var all: [Database] { [log, meta, seen] + projections + [control] }

  /// The names of all tables.
  static let names = [
    "log", "meta", "seen", "scopes", "chain", "dictionary", "shapes", "schemas",
    "nodes", "node-numbers", "timeline", "tails", "keyframes", "hashes",
    "identities", "holders", "activity", "erasures", "control",
  ]

  /// How many named databases an environment must allow.
  static let count = names.count

  init(_ open: (String) throws(StoreError) -> Database) throws(StoreError) {
    log = try open("log")
    meta = try open("meta")
    seen = try open("seen")
    scopes = try open("scopes")
    chain = try open("chain")
    dictionary = try open("dictionary")
    shapes = try open("shapes")
    schemas = try open("schemas")
    nodes = try open("nodes")
    nodeNumbers = try open("node-numbers")
    timeline = try open("timeline")
    tails = try open("tails")
    keyframes = try open("keyframes")
    hashes = try open("hashes")
    identities = try open("identities")
    holders = try open("holders")
    activity = try open("activity")
    erasures = try open("erasures")
    control = try open("control")
  }
}
