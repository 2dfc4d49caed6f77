// swift-tools-version: 6.2
import PackageDescription

// The floors of the house and what each module may use: docs/architecture.md, "Floors". A module lies in
// Sources/<floor>/<name>, its tests in Tests/<floor>/<name>Tests, and each is one line here.

enum Floor: String {
  case system = "System"
  case bytes = "Bytes"
  case store = "Store"
  case formats = "Formats"
  case cloud = "Cloud"
  case node = "Node"
  case analysis = "Analysis"
  case service = "Service"
  case tool = "Tool"
}

/// Settings that every Swift target shares; see docs/architecture.md, "How the code is held to its layers".
let shared: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// What the project is made of says besides where it leaves what the compiler can check.
let strict = shared + [SwiftSetting.strictMemorySafety()]

/// A module, and its tests with what they need beside it.
func module(
  _ name: String, on floor: Floor, _ needs: [Target.Dependency] = [],
  tests: [Target.Dependency]? = nil, excluding: [String] = []
) -> [Target] {
  let path = "\(floor.rawValue)/\(name)"
  let module = Target.target(
    name: name, dependencies: needs, path: "Sources/\(path)", swiftSettings: strict)
  guard let tests else { return [module] }
  return [module] + suite("\(name)Tests", on: floor, [.byName(name: name)] + tests, excluding)
}

func suite(
  _ name: String, on floor: Floor, _ needs: [Target.Dependency], _ excluding: [String] = []
) -> [Target] {
  [
    .testTarget(
      name: name, dependencies: needs, path: "Tests/\(floor.rawValue)/\(name)",
      exclude: excluding, swiftSettings: shared)
  ]
}

func program(_ name: String, on floor: Floor, _ needs: [Target.Dependency]) -> [Target] {
  [
    .executableTarget(
      name: name, dependencies: needs, path: "Sources/\(floor.rawValue)/\(name)",
      swiftSettings: strict, linkerSettings: [.unsafeFlags(small, .when(configuration: .release))])
  ]
}

/// How a program is linked that is installed: nothing of it is for others to call, so that what it does not call
/// itself is left out; functions with the same code are one; addresses to be relocated are packed.
let small = [
  "-use-ld=lld", "-Xlinker", "--icf=safe", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
  "-Xlinker", "--version-script=\(Context.packageDirectory)/Install/hidden.map",
]

/// A library of C, and the package of Debian that has it.
func library(_ name: String, pkg: String? = nil, apt: String? = nil) -> Target {
  .systemLibrary(
    name: name, path: "Sources/System/\(name)", pkgConfig: pkg,
    providers: apt.map { [.apt([$0])] })
}

extension Target.Dependency {
  /// Other packages serve programs alone: who embeds the store goes without that trait and resolves none.
  static func from(_ package: String, _ product: String) -> Self {
    .product(name: product, package: package, condition: .when(traits: ["Programs"]))
  }
  static let argumentParser = from("swift-argument-parser", "ArgumentParser")
  static let configuration = from("swift-configuration", "Configuration")
  static let coreMetrics = from("swift-metrics", "CoreMetrics")
  static let crypto = from("swift-crypto", "Crypto")
  static let cryptoExtras = from("swift-crypto", "CryptoExtras")
  static let httpTypes = from("swift-http-types", "HTTPTypes")
  static let hummingbird = from("hummingbird", "Hummingbird")
  static let hummingbirdCore = from("hummingbird", "HummingbirdCore")
  static let hummingbirdTLS = from("hummingbird", "HummingbirdTLS")
  static let logging = from("swift-log", "Logging")
  static let metrics = from("swift-metrics", "Metrics")
  static let nioCore = from("swift-nio", "NIOCore")
  static let nioEmbedded = from("swift-nio", "NIOEmbedded")
  static let nioHTTP1 = from("swift-nio", "NIOHTTP1")
  static let nioHTTPTypes = from("swift-nio-extras", "NIOHTTPTypes")
  static let nioPosix = from("swift-nio", "NIOPosix")
  static let nioSSL = from("swift-nio-ssl", "NIOSSL")
  static let serviceLifecycle = from("swift-service-lifecycle", "ServiceLifecycle")
  static let subprocess = from("swift-subprocess", "Subprocess")
  static let systemPackage = from("swift-system", "SystemPackage")
  static let unixSignals = from("swift-service-lifecycle", "UnixSignals")
}

// MARK: - The floors, from below

let system: [Target] = [
  library("CBZip2", apt: "libbz2-dev"),
  library("CCrypto", pkg: "libcrypto", apt: "libssl-dev"),
  library("CExpat", pkg: "expat", apt: "libexpat1-dev"),
  library("CLMDB", pkg: "lmdb", apt: "liblmdb-dev"),
  library("CLZMA", pkg: "liblzma", apt: "liblzma-dev"),
  library("CMalloc"),
  library("CSQLite", pkg: "sqlite3", apt: "libsqlite3-dev"),
  library("CXXHash", pkg: "libxxhash", apt: "libxxhash-dev"),
  library("CYAML", pkg: "yaml-0.1", apt: "libyaml-dev"),
  library("CZlib", pkg: "zlib", apt: "zlib1g-dev"),
  library("CZstd", pkg: "libzstd", apt: "libzstd-dev"),
  .target(name: "CRelease", path: "Sources/System/CRelease"),
  .target(
    name: "CSimdJSON", path: "Sources/System/CSimdJSON",
    linkerSettings: [.linkedLibrary("simdjson")]),
]

let bytes: [[Target]] = [
  module(
    "Compression", on: .bytes, ["CBZip2", "CLZMA", "CZlib", "CZstd"], tests: ["CollectionSupport"]),
  module("Digests", on: .bytes, ["CCrypto", "CXXHash", "PlainText"], tests: []),
  module("Files", on: .bytes, tests: []),
  module("JSONTape", on: .bytes, ["CSimdJSON"], tests: []),
  module("LMDB", on: .bytes, ["CLMDB"], tests: []),
  module("PackedBytes", on: .bytes, tests: []),
  module("PlainText", on: .bytes, tests: []),
  module("SQLite", on: .bytes, ["CSQLite"], tests: ["CollectionSupport"]),
  module("XML", on: .bytes, ["CExpat"], tests: ["CollectionSupport"]),
  module("YAML", on: .bytes, ["CYAML"], tests: []),
]

let store: [[Target]] = [
  module(
    "Inventory", on: .store, ["Digests", "JSONTape", "PackedBytes"],
    tests: ["Digests", "PackedBytes"]),
  module(
    "HistoryStore", on: .store,
    ["Compression", "Digests", "Files", "Inventory", "LMDB", "PackedBytes", "PlainText"],
    tests: ["CrashSupport", "Digests", "Inventory", "LMDB", "PackedBytes", "crash-writer"],
    excluding: ["Golden"]),
]

let formats: [[Target]] = [
  module("Packages", on: .formats, ["Inventory"], tests: ["CollectionSupport"]),
  module("InventoryDates", on: .formats, ["Inventory"], tests: ["Inventory"]),
  module("Schedules", on: .formats, ["Inventory"], tests: ["Inventory"]),
  module("Times", on: .formats, ["Inventory", "PlainText"], tests: ["Inventory"]),
]

let cloud: [[Target]] = [
  module(
    "AWSProtocol", on: .cloud, ["Inventory", "JSONTape", "PlainText", .crypto],
    tests: ["Inventory", "JSONTape"]
  ),
  module(
    "Signatures", on: .cloud, ["AWSProtocol", "PlainText", .crypto],
    tests: ["AWSProtocol", "PlainText", .crypto]),
  module(
    "AWSClient", on: .cloud,
    [
      "AWSProtocol", "Files", "Inventory", "JSONTape", "PlainText", "Signatures", "XML",
      .crypto, .nioCore, .nioHTTP1, .nioPosix, .nioSSL,
    ], tests: ["Inventory", .nioHTTP1]),
]

let node: [[Target]] = [
  module(
    "Collectors", on: .node,
    [
      "Compression", "Digests", "Files", "Inventory", "JSONTape", "Packages", "SQLite", "XML",
      .subprocess, .systemPackage,
    ],
    tests: ["CollectionSupport", "Inventory", "Packages"]),
  module(
    "Importers", on: .node,
    [
      "Collectors", "Compression", "Inventory", "JSONTape", "Packages", "PlainText", "SQLite",
      "XML",
    ],
    tests: ["CollectionSupport", "Collectors", "Inventory", "JSONTape"]),
  module(
    "Agent", on: .node,
    [
      "AWSClient", "AWSProtocol", "CMalloc", "Collectors", "Files", "Inventory", "JSONTape",
      "PlainText", "Schedules", "Signatures", .crypto, .cryptoExtras,
    ],
    tests: [
      "CollectionSupport", "Collectors", "Inventory", "JSONTape", .httpTypes, .hummingbird,
      .logging, .nioCore,
    ]),
]

let analysis: [[Target]] = [
  module(
    "Questions", on: .analysis,
    ["HistoryStore", "Inventory", "JSONTape", "Packages", "PlainText", "Times"],
    tests: ["HistoryStore", "Inventory", "JSONTape", "Times"]),
  module(
    "InventorySQL", on: .analysis,
    [
      "HistoryStore", "Inventory", "JSONTape", "Packages", "PlainText", "Questions", "SQLite",
      "Times",
    ],
    tests: ["HistoryStore", "Inventory", "JSONTape", "SQLite", "Times"]),
]

let service: [[Target]] = [
  module(
    "AccessKeys", on: .service,
    ["AWSProtocol", "Files", "HistoryStore", "Inventory", "JSONTape", .crypto],
    tests: ["AWSProtocol", "HistoryStore", "Inventory"]),
  module(
    "NodeRegistry", on: .service,
    [
      "AWSProtocol", "AccessKeys", "HistoryStore", "Inventory", "PlainText", .crypto, .cryptoExtras,
    ],
    tests: [
      "AWSProtocol", "AccessKeys", "CrashSupport", "HistoryStore", "Inventory", .crypto,
      .cryptoExtras,
    ]),
  module(
    "SystemsManager", on: .service,
    [
      "AWSProtocol", "AccessKeys", "HistoryStore", "Inventory", "JSONTape", "NodeRegistry",
      "Packages", "PlainText", "Times", .crypto,
    ],
    tests: ["AWSProtocol", "Inventory"]),
  module(
    "Associations", on: .service,
    [
      "AWSProtocol", "AccessKeys", "HistoryStore", "Inventory", "JSONTape", "NodeRegistry",
      "PlainText", "Schedules", "SystemsManager", .crypto,
    ],
    tests: ["AWSProtocol", "CrashSupport", "Inventory", "JSONTape", "Schedules"]),
  module(
    "HistoryAPI", on: .service,
    [
      "AWSProtocol", "AccessKeys", "Compression", "HistoryStore", "Inventory", "InventorySQL",
      "JSONTape", "PlainText", "Questions", "SQLite", "Times",
    ],
    tests: ["AWSProtocol", "HistoryStore", "Inventory"]),
  module(
    "Server", on: .service,
    [
      "AWSProtocol", "AccessKeys", "CMalloc", "Files", "HistoryAPI", "HistoryStore", "Inventory",
      "JSONTape", "NodeRegistry",
      "Signatures", .coreMetrics, .crypto, .httpTypes, .hummingbird,
      .hummingbirdCore,
      .hummingbirdTLS, .logging, .metrics, .nioCore, .nioHTTP1, .nioHTTPTypes, .nioPosix, .nioSSL,
      .serviceLifecycle, .unixSignals,
    ],
    tests: [
      "AWSProtocol", "AccessKeys", "HistoryStore", "Inventory", "JSONTape", "NodeRegistry",
      "Signatures", .crypto, .hummingbird, .logging, .httpTypes, .nioCore, .nioEmbedded,
      .nioHTTPTypes,
    ]),
]

let tool: [[Target]] = [
  module(
    "Terminal", on: .tool,
    ["CRelease", "Files", "Inventory", "JSONTape", "PlainText", .argumentParser]),
  module(
    "AgentCommands", on: .tool,
    [
      "AWSClient", "AWSProtocol", "Agent", "Collectors", "Files", "Inventory", "PlainText",
      "Terminal", "YAML", .argumentParser,
    ]),
  program(
    "stocktake-agent", on: .tool, ["AgentCommands", "Inventory", "Terminal", .argumentParser]),
  program(
    "stocktake", on: .tool,
    [
      "AWSClient", "AWSProtocol", "AccessKeys", "AgentCommands", "Associations", "CMalloc",
      "Collectors",
      "Compression", "Files", "HistoryStore", "Importers", "Inventory", "InventorySQL", "JSONTape",
      "NodeRegistry", "Packages", "PlainText", "Questions", "SQLite", "Schedules", "Server",
      "SystemsManager", "Terminal",
      "Times", .argumentParser, .configuration, .coreMetrics, .logging, .nioCore, .nioHTTP1,
      .systemPackage,
    ]),
  suite(
    "StocktakeTests", on: .tool,
    [
      "stocktake", "CollectionSupport", "HistoryStore", "Packages", "PlainText", "Questions",
      "Terminal",
    ]),
]

// MARK: - What tests share

/// What reads bytes that somebody else wrote, for those who try it out.
let decoding: [Target.Dependency] = [
  "AWSProtocol", "AccessKeys", "Associations", "Collectors", "Compression", "Digests", "HistoryAPI",
  "HistoryStore", "Importers", "Inventory", "JSONTape", "NodeRegistry", "PackedBytes", "Packages",
  "SQLite", "Schedules", "Signatures", "SystemsManager", "Times", "XML", .crypto,
]

let support: [Target] = [
  .target(
    name: "CrashSupport", dependencies: ["Inventory"], path: "Tests/Support/CrashSupport",
    swiftSettings: shared),
  .target(
    name: "CollectionSupport", dependencies: ["Collectors", "Inventory"],
    path: "Tests/Support/CollectionSupport", swiftSettings: shared),
  .executableTarget(
    name: "crash-writer", dependencies: ["CrashSupport", "HistoryStore", "Inventory", "LMDB"],
    path: "Tests/Support/CrashWriter", swiftSettings: shared,
    // Its own write and flush calls stand before the C library's; see SystemCalls.swift.
    linkerSettings: [
      .unsafeFlags(
        ["pwrite", "writev", "fdatasync"].flatMap {
          ["-Xlinker", "--export-dynamic-symbol=\($0)"]
        })
    ]),
  .executableTarget(
    name: "node-herd",
    dependencies: [
      "CrashSupport", "Signatures", .argumentParser, .crypto, .cryptoExtras, .nioCore, .nioHTTP1,
      .nioPosix,
    ],
    // All of it runs on one event loop, which the compiler cannot see.
    path: "Tests/Support/NodeHerd", swiftSettings: shared + [.swiftLanguageMode(.v5)]),
  .executableTarget(
    name: "query-bench", dependencies: ["HistoryStore", "Inventory", "InventorySQL", "SQLite"],
    path: "Tests/Support/QueryBench", swiftSettings: shared),
  .testTarget(
    name: "DecoderTests", dependencies: decoding + ["CollectionSupport"],
    path: "Tests/DecoderTests",
    exclude: ["Corpus", "Fuzz"], swiftSettings: shared),
  .testTarget(name: "TidyTests", path: "Tests/TidyTests", swiftSettings: shared),
]

let package = Package(
  name: "Stocktake",
  products: [
    .library(name: "HistoryStore", targets: ["HistoryStore", "Inventory"]),
    .library(name: "InventoryDates", targets: ["InventoryDates"]),
    .executable(name: "stocktake", targets: ["stocktake"]),
    .executable(name: "stocktake-agent", targets: ["stocktake-agent"]),
  ],
  traits: [
    .trait(
      name: "Programs", description: "The server, the command line, collectors and importers."),
    .default(enabledTraits: ["Programs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: system + support
    + [bytes, store, formats, cloud, node, analysis, service, tool].joined().joined(),
  cxxLanguageStandard: .cxx17
)
// `Scripts/fuzz` builds the decoders with libFuzzer, which has the entry of the program; else there is
// no such target.
if Context.environment["STOCKTAKE_FUZZING"] != nil {
  package.targets.removeAll { $0.name == "DecoderTests" }
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: decoding, path: "Tests/DecoderTests",
      exclude: ["Corpus", "DecoderTests.swift"], swiftSettings: shared))
}

// `Scripts/sanitize` builds the store with its tests, and nothing that other packages are needed for.
if Context.environment["STOCKTAKE_STORE_ALONE"] != nil {
  var kept: Set = ["LMDBTests", "PackedBytesTests", "InventoryTests", "HistoryStoreTests"]
  var count = 0
  while kept.count > count {
    count = kept.count
    for target in package.targets where kept.contains(target.name) {
      for case .byNameItem(let name, _) in target.dependencies { kept.insert(name) }
    }
  }
  package.targets.removeAll { !kept.contains($0.name) }
  // Snippets use it.
  package.products.removeAll { $0.name != "HistoryStore" }
  package.dependencies = []
}
