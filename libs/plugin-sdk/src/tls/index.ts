export { normalizeFingerprint, type PeerCertificate, type ShownCertificate } from './peer-certificate.js';
export {
  bareHost,
  connectTrusted,
  fetchPeerCertificate,
  showPeerCertificate,
  type Peer,
  type Trust,
} from './secure-connector.js';
