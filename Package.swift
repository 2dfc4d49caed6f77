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

let package = Package(
  name: "Stocktake",
  products: [
    .library(name: "HistoryStore", targets: ["HistoryStore", "Inventory"]),
    .executable(name: "stocktake", targets: ["stocktake"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "Compression", dependencies: ["CZstd"], swiftSettings: shared),
    .target(
      name: "CSimdJSON",
      linkerSettings: [.linkedLibrary("simdjson")]
    ),
    .target(name: "LMDB", dependencies: ["CLMDB"], swiftSettings: shared),
    .target(name: "PackedBytes", swiftSettings: shared),
    .target(name: "Digests", dependencies: ["CXXHash", "CCrypto"], swiftSettings: shared),
    .target(name: "JSONTape", dependencies: ["CSimdJSON"], swiftSettings: shared),
    .target(
      name: "Inventory", dependencies: ["PackedBytes", "Digests", "JSONTape"],
      swiftSettings: shared),
    .target(
      name: "HistoryStore",
      dependencies: ["LMDB", "PackedBytes", "Digests", "Compression", "Inventory"],
      swiftSettings: shared),
    .target(name: "Collectors", dependencies: ["Inventory", "CZlib"], swiftSettings: shared),
    .executableTarget(
      name: "stocktake",
      dependencies: [
        "HistoryStore", "Inventory", "Collectors", "CZlib", "CZstd",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: shared),
    .target(
      name: "CrashSupport", dependencies: ["Inventory"], path: "Tests/Support/CrashSupport",
      swiftSettings: shared),
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
    .testTarget(name: "LMDBTests", dependencies: ["LMDB"], swiftSettings: shared),
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
      name: "CollectorsTests", dependencies: ["Collectors", "Inventory"], swiftSettings: shared),
    .testTarget(name: "StocktakeTests", dependencies: ["stocktake"], swiftSettings: shared),
  ],
  cxxLanguageStandard: .cxx17
)
