/// On what a system runs: a machine of its own, a virtual one, or within a container.
enum Virtualization {
  /// `none`, or the name of what it runs in, in the words of `systemd-detect-virt`; nil where nothing
  /// tells.
  static func name(on machine: Machine) -> String? {
    container(on: machine) ?? virtualMachine(on: machine)
  }

  /// Whether the system is a container, whose kernel is another system's.
  static func isContainer(_ machine: Machine) -> Bool { container(on: machine) != nil }

  private static func container(on machine: Machine) -> String? {
    if machine.exists("run/.containerenv") { return "podman" }
    if machine.exists(".dockerenv") { return "docker" }
    if let name = machine.line(of: "run/systemd/container") { return name }
    // What started the container says so to the first process.
    let environment = (try? machine.bytes(of: "proc/1/environ", max: 1 << 20)) ?? []
    for entry in environment.split(separator: 0) {
      let text = String(decoding: entry, as: UTF8.self)
      if text.hasPrefix("container="), text.count > 10 { return String(text.dropFirst(10)) }
    }
    return nil
  }

  private static func virtualMachine(on machine: Machine) -> String? {
    let vendor = machine.line(of: "sys/class/dmi/id/sys_vendor") ?? ""
    let product = machine.line(of: "sys/class/dmi/id/product_name") ?? ""
    let names = [
      ("KVM", "kvm"), ("Amazon EC2", "amazon"), ("QEMU", "qemu"), ("VMware", "vmware"),
      ("VirtualBox", "oracle"), ("innotek", "oracle"), ("Xen", "xen"), ("Bochs", "bochs"),
      ("Parallels", "parallels"), ("Google", "google"), ("OpenStack", "kvm"),
      ("Virtual Machine", "microsoft"), ("HVM domU", "xen"),
    ]
    for (word, name) in names where product.contains(word) || vendor.contains(word) { return name }
    if let kind = machine.line(of: "sys/hypervisor/type") { return kind }
    let flags = (machine.text(of: "proc/cpuinfo") ?? "").split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("flags") }
    guard let flags else { return vendor.isEmpty ? nil : "none" }
    // The processor itself says that something stands between it and the system.
    return flags.split(separator: " ").contains("hypervisor") ? "vm-other" : "none"
  }
}
