// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that those who embed the store never resolve what measures it.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "Stocktake", path: "..")],
  targets: [
    .executableTarget(
      name: "store-benchmarks",
      dependencies: [.product(name: "HistoryStore", package: "Stocktake")],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]
    )
  ]
)
