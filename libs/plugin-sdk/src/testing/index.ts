export { certify, type Issuer, type KeyAndCertificate } from './certificates.js';
