// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that those who embed the store never resolve what measures it.

let shared: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Benchmarks",
  products: [
    .executable(name: "stocktake-bench", targets: ["stocktake-bench"])
  ],
  dependencies: [
    .package(name: "Stocktake", path: "..", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
  ],
  targets: [
    .systemLibrary(name: "CSHA256", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CBareSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CBareLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .target(name: "FleetModel", dependencies: ["CSHA256"], swiftSettings: shared),
    .executableTarget(
      name: "stocktake-bench",
      dependencies: [
        "FleetModel", "CBareSQLite", "CBareLMDB",
        .product(name: "HistoryStore", package: "Stocktake"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: shared),
    .executableTarget(
      name: "StoreBenchmarks",
      dependencies: [
        "FleetModel",
        .product(name: "HistoryStore", package: "Stocktake"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/StoreBenchmarks",
      swiftSettings: shared,
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    .testTarget(name: "FleetModelTests", dependencies: ["FleetModel"], swiftSettings: shared),
  ]
)
