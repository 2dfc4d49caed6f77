package import AWSProtocol
import Inventory
import JSONTape

/// The Security Token Service, by which tools find out whose keys they have.
package struct SecurityTokenService: Sendable {
  package init() {}

  /// What a server has in its list of services.
  ///
  /// Source: the public model of STS.
  package var service: AWSService {
    AWSService(
      .query(version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/"),
      signing: "sts", of: self, [Self.getCallerIdentity])
  }

  static let getCallerIdentity = Operation<SecurityTokenService>(
    "GetCallerIdentity", access: .known, load: .agentCall, input: []
  ) { $0.getCallerIdentity($1) }

  /// Who asks: a key as a user of its account, a node as a session of the role that nodes have.
  func getCallerIdentity(_ request: AWSRequest) -> JSONValue {
    let (caller, account) = (request.caller, request.scope.account)
    let (name, user) =
      caller.node.map { node in
        ("arn:aws:sts::\(account):assumed-role/Stocktake/\(node)", "\(caller.keyID):\(node)")
      } ?? ("arn:aws:iam::\(account):user/\(caller.keyID)", caller.keyID)
    return .object([
      .init("Arn", .string(name)), .init("UserId", .string(user)),
      .init("Account", .string(account)),
    ])
  }
}
