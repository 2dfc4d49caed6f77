// swift-tools-version: 6.1
import PackageDescription

/// Settings that every Swift target shares; see docs/architecture.md, "How the code is held to its layers".
let shared: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// What reads bytes that somebody else wrote, for those who try it out.
let decoding: [Target.Dependency] = [
  "AccessKeys", "Answers", "Collectors", "Compression", "Digests", "HistoryAPI", "HistoryStore",
  "Importers", "Inventory", "JSONTape", "NodeRegistry", "PackedBytes", "SQLiteReading",
  "Signatures", "SystemsManager", "XMLReading",
  .product(name: "Crypto", package: "swift-crypto"),
]

let package = Package(
  name: "Stocktake",
  products: [
    .library(name: "HistoryStore", targets: ["HistoryStore", "Inventory"]),
    .executable(name: "stocktake", targets: ["stocktake"]),
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
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "SQLiteReading", dependencies: ["CSQLite"], swiftSettings: shared),
    .target(name: "XMLReading", dependencies: ["CExpat"], swiftSettings: shared),
    .target(
      name: "Compression", dependencies: ["CZlib", "CZstd", "CLZMA", "CBZip2"],
      swiftSettings: shared),
    .target(
      name: "CSimdJSON",
      linkerSettings: [.linkedLibrary("simdjson")]
    ),
    .target(name: "LMDB", dependencies: ["CLMDB"], swiftSettings: shared),
    .target(name: "Files", swiftSettings: shared),
    .target(name: "PackedBytes", swiftSettings: shared),
    .target(name: "Digests", dependencies: ["CXXHash", "CCrypto"], swiftSettings: shared),
    .target(name: "JSONTape", dependencies: ["CSimdJSON"], swiftSettings: shared),
    .target(
      name: "Inventory", dependencies: ["PackedBytes", "Digests", "JSONTape"],
      swiftSettings: shared),
    .target(
      name: "HistoryStore",
      dependencies: ["LMDB", "PackedBytes", "Digests", "Compression", "Files", "Inventory"],
      swiftSettings: shared),
    .target(
      name: "Signatures", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: shared),
    .target(
      name: "AccessKeys",
      dependencies: [
        "Files", "HistoryStore", "Inventory",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: shared),
    .target(
      name: "NodeRegistry",
      dependencies: [
        "AccessKeys", "HistoryStore", "Inventory",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ],
      swiftSettings: shared),
    .target(
      name: "SystemsManager",
      dependencies: [
        "AccessKeys", "Answers", "HistoryStore", "Inventory", "JSONTape", "NodeRegistry",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: shared),
    .target(
      name: "Answers", dependencies: ["HistoryStore", "Inventory", "JSONTape"],
      swiftSettings: shared),
    .target(
      name: "HistoryAPI",
      dependencies: ["AccessKeys", "Answers", "HistoryStore", "Inventory", "JSONTape"],
      swiftSettings: shared),
    .target(
      name: "FrontDoor",
      dependencies: [
        "HistoryStore", "Inventory", "Signatures", "AccessKeys", "NodeRegistry", "SystemsManager",
        "HistoryAPI", "JSONTape", "CMalloc",
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: shared),
    .target(
      name: "Collectors",
      dependencies: [
        "Inventory", "JSONTape", "Digests", "Compression", "SQLiteReading", "XMLReading",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: shared),
    .target(
      name: "Importers",
      dependencies: [
        "Collectors", "Inventory", "JSONTape", "Digests", "Compression", "SQLiteReading",
        "XMLReading",
      ],
      swiftSettings: shared),
    .executableTarget(
      name: "stocktake",
      dependencies: [
        "Answers", "HistoryStore", "Inventory", "Collectors", "Importers", "CMalloc",
        "Compression", "XMLReading",
        "AccessKeys", "Files", "FrontDoor", "NodeRegistry",
        "JSONTape", "Signatures", "SystemsManager",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: shared),
    .target(
      name: "CrashSupport", dependencies: ["Inventory"], path: "Tests/Support/CrashSupport",
      swiftSettings: shared),
    .target(
      name: "CollectionSupport", dependencies: ["Collectors", "Inventory"],
      path: "Tests/Support/CollectionSupport", swiftSettings: shared),
    .executableTarget(
      name: "crash-writer",
      dependencies: ["HistoryStore", "Inventory", "LMDB", "CrashSupport"],
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
        "CrashSupport", "Signatures",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      // All of it runs on one event loop, which the compiler cannot see.
      path: "Tests/Support/NodeHerd", swiftSettings: shared + [.swiftLanguageMode(.v5)]),
    .testTarget(name: "LMDBTests", dependencies: ["LMDB"], swiftSettings: shared),
    .testTarget(name: "FilesTests", dependencies: ["Files"], swiftSettings: shared),
    .testTarget(name: "PackedBytesTests", dependencies: ["PackedBytes"], swiftSettings: shared),
    .testTarget(
      name: "InventoryTests", dependencies: ["Inventory", "Digests", "PackedBytes"],
      swiftSettings: shared),
    .testTarget(
      name: "HistoryStoreTests",
      dependencies: [
        "HistoryStore", "Inventory", "PackedBytes", "LMDB", "Digests", "CrashSupport",
        "crash-writer",
      ],
      exclude: ["Golden"], swiftSettings: shared),
    .testTarget(
      name: "CompressionTests", dependencies: ["Compression", "CollectionSupport"],
      swiftSettings: shared),
    .testTarget(
      name: "SQLiteReadingTests", dependencies: ["SQLiteReading", "CollectionSupport"],
      swiftSettings: shared),
    .testTarget(
      name: "XMLReadingTests", dependencies: ["XMLReading", "CollectionSupport"],
      swiftSettings: shared),
    .testTarget(
      name: "CollectorsTests", dependencies: ["Collectors", "Inventory", "CollectionSupport"],
      swiftSettings: shared),
    .testTarget(
      name: "ImportersTests",
      dependencies: [
        "Importers", "Collectors", "Inventory", "JSONTape", "CollectionSupport",
      ],
      swiftSettings: shared),
    .testTarget(
      name: "SignaturesTests",
      dependencies: ["Signatures", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: shared),
    .testTarget(
      name: "AccessKeysTests", dependencies: ["AccessKeys", "HistoryStore", "Inventory"],
      swiftSettings: shared),
    .testTarget(
      name: "NodeRegistryTests", dependencies: ["NodeRegistry", "CrashSupport"],
      swiftSettings: shared),
    .testTarget(
      name: "SystemsManagerTests",
      dependencies: [
        "SystemsManager", "AccessKeys", "HistoryStore", "Inventory", "JSONTape", "CrashSupport",
      ],
      swiftSettings: shared),
    .testTarget(
      name: "HistoryAPITests",
      dependencies: ["HistoryAPI", "AccessKeys", "HistoryStore", "Inventory"],
      swiftSettings: shared),
    .testTarget(
      name: "FrontDoorTests",
      dependencies: [
        "FrontDoor", "SystemsManager",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      swiftSettings: shared),
    .testTarget(
      name: "DecoderTests", dependencies: decoding + ["CollectionSupport"],
      exclude: ["Corpus", "Fuzz"],
      swiftSettings: shared),
    .testTarget(
      name: "StocktakeTests", dependencies: ["stocktake", "Answers", "CollectionSupport"],
      swiftSettings: shared),
  ],
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
