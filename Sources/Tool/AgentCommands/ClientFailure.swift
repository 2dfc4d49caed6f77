package import AWSClient
package import Agent
package import Terminal

extension CommandFailure {
  /// Says why a server or a service of AWS could not be asked, and gives its kind a status.
  package init(_ error: ClientError) {
    let status: ExitStatus =
      switch error.code {
      case .settings: .usage
      case .file: .badInput
      case .credentials, .noAnswer: .storeError
      }
    self.init(status, error.description)
  }

  /// Says why an agent could not do it, and gives its kind a status.
  package init(_ error: AgentError) {
    let status: ExitStatus =
      switch error.code {
      case .setup: .usage
      case .damaged, .incomplete: .badInput
      case .disk, .server: .storeError
      }
    self.init(status, error.description)
  }

  /// Names an error of an agent or of its client; nil for one of somebody else.
  package init?(ofAgent error: any Error) {
    switch error {
    case let error as ClientError: self.init(error)
    case let error as AgentError: self.init(error)
    default: return nil
    }
  }
}
