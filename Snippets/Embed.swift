import HistoryStore
import Inventory

let store = try HistoryStore(path: "inventory")
let node = try NodeID("web-1")
let march3 = CivilTime(year: 2026, month: 3, day: 3, hour: 9).instant
let openssl: Item = ["Name": "openssl", "Version": "3.0.16-1", "Architecture": "x86_64"]

let receipt = try await store.record(
  Report(node: node, entries: [.init(type: .application, captureTime: march3, content: [openssl])]))
print("\(receipt.changeCount) changes")

let state = try store.state(of: node, type: .application, at: march3.advanced(bySeconds: 3600))
for item in state.items { print(item["Name"] ?? "", item["Version"] ?? "") }
for holding in try store.holders(of: "openssl", at: march3) { print(holding.node) }
