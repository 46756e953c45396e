#!/bin/sh
# exim.sh DIRECTORY SUBMISSION_PORT TLS_PORT CLEAR_PORT: a real mail server for test_smtp.c and test_mail.py.
#
# Listens on 127.0.0.1: the submission port demands STARTTLS and a login, the TLS port a login, the clear port nothing, and has no TLS.
# The one account is alice with the password secret. All that is made lies in DIRECTORY: mailbox/new gets the mail, ca.pem
# is the authority to trust, exim.pid holds the daemon to end. The recipient's local part picks the answer:
#   greylisted 451, full 452, closing 421, nobody and policy 550, over 552, noted 250 (at RCPT); spam 554, busy 450, slow 250 after 3 s, slower 250 after 8 s
#   (at the message).
# Exit code 77: it can't run here, and the line on standard output says why.
set -eu
cannot() { echo "$1"; exit 77; }
[ $# -eq 4 ] || { echo "usage: exim.sh DIRECTORY SUBMISSION_PORT TLS_PORT CLEAR_PORT" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || cannot "Exim needs root to start"
command -v exim4 > /dev/null || cannot "exim4 is not installed"
command -v openssl > /dev/null || cannot "openssl is not installed"
id Debian-exim > /dev/null 2>&1 || cannot "the user Debian-exim is missing"

cd "$1"
base=$(pwd)
chmod 755 .
mkdir -p queue mailbox/new mailbox/cur mailbox/tmp

# An authority of our own, and a certificate from it for the names that the test uses.
curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
# shellcheck disable=SC2086 # The options are words.
{
    openssl req -x509 $curve -keyout ca.key -out ca.pem -days 2 -subj "/CN=authority of a test"
    openssl req $curve -keyout server.key -out server.csr -subj "/CN=localhost"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > names
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 2 -extfile names -out server.pem
} 2> openssl.log

cat > exim.conf << END
primary_hostname = exim.test
spool_directory = $base/queue
log_file_path = $base/queue/%s.log
pid_file_path = $base/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = $2 : $3 : $4
tls_on_connect_ports = $3
tls_advertise_hosts = \${if ={\$received_port}{$4}{}{*}}
tls_certificate = $base/server.pem
tls_privatekey = $base/server.key
auth_advertise_hosts = \${if def:tls_in_cipher {*}}
acl_smtp_mail = on_sender
acl_smtp_rcpt = on_recipient
acl_smtp_data = on_message
acl_not_smtp = on_sender
host_lookup =
rfc1413_query_timeout = 0s
smtp_connect_backlog = 100
smtp_accept_max = 100
smtp_accept_max_per_host = 100
# What comes eleventh in a connection would wait for the next queue run otherwise.
smtp_accept_queue_per_connection = 0

begin acl
on_sender:
  accept  condition = \${if ={\$received_port}{$4}}
  deny    condition = \${if !def:tls_in_cipher}
          message   = 530 5.7.0 STARTTLS comes first
  deny    !authenticated = *
          message   = 530 5.7.0 Sign in first
  accept

on_recipient:
  defer   local_parts = greylisted
          message     = 451 4.7.1 Not now, perhaps in a while
  defer   local_parts = full
          message     = 452 4.2.2 The mailbox is full
  defer   local_parts = closing
          message     = 421 4.3.2 Closing for now
  deny    local_parts = nobody
          message     = 550 5.1.1 Nobody has this name
  deny    local_parts = policy
          message     = 550 5.7.1 We take no mail from you
  deny    local_parts = over
          message     = 552 5.2.2 The mailbox is over its quota
  warn    set acl_m_verdict = \$local_part
  accept

on_message:
  deny    condition = \${if eq{\$acl_m_verdict}{spam}}
          message   = 554 5.7.1 This looks like spam
  defer   condition = \${if eq{\$acl_m_verdict}{busy}}
          message   = 450 4.3.2 Too busy for it
  warn    condition = \${if eq{\$acl_m_verdict}{slow}}
          delay     = 3s
  warn    condition = \${if eq{\$acl_m_verdict}{slower}}
          delay     = 8s
  accept

begin routers
everything:
  driver    = accept
  transport = keep

begin transports
keep:
  driver          = appendfile
  maildir_format
  directory       = $base/mailbox
  user            = Debian-exim
  envelope_to_add
  return_path_add

begin retry
* * F,1h,10m

begin authenticators
by_plain:
  driver           = plaintext
  public_name      = PLAIN
  server_prompts   = :
  server_condition = \${if and{{eq{\$auth2}{alice}}{eq{\$auth3}{secret}}}}
  server_set_id    = \$auth2
END
chown -R Debian-exim: queue mailbox
chgrp Debian-exim server.key
chmod 640 server.key
chmod 644 exim.conf
# Goes into the background, and writes exim.pid once it listens.
exim4 -C "$base/exim.conf" -bd > start.log 2>&1 || { cat start.log >&2; exit 1; }
