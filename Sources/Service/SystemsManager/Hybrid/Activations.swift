import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static func tags(_ request: AWSRequest) -> [Activation.Tag] {
    request.list("Tags").map { .init(key: $0["Key"]?.text ?? "", value: $0["Value"]?.text ?? "") }
  }

  static func tag(_ tag: Activation.Tag) -> JSONValue {
    .object([.init("Key", .string(tag.key)), .init("Value", .string(tag.value))])
  }
}
