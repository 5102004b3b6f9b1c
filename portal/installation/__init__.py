"""The installation's own address: super administrators, ISPs, support access. No ISP's page or API exists here."""
