// swift-tools-version: 6.1
import PackageDescription

// What someone writes who embeds the store: it resolves no other package (Scripts/check-embedding).

let package = Package(
  name: "Embedding",
  dependencies: [.package(name: "Stocktake", path: "../..", traits: [])],
  targets: [
    .executableTarget(
      name: "embedding", dependencies: [.product(name: "HistoryStore", package: "Stocktake")])
  ])
