// How long hls.js tries by itself, and what its errors mean.
import Hls from "../../vendor/hls.light.min.mjs";

export function impatient() {
  const retry = { maxNumRetry: 2, retryDelayMs: 500, maxRetryDelayMs: 2000 };
  const dontRetryRefusals = (_config, count, _isTimeout, response) =>
    count < retry.maxNumRetry && ![401, 403, 404].includes(response?.code ?? 0);
  return {
    default: {
      maxTimeToFirstByteMs: 12_000,
      maxLoadTimeMs: 30_000,
      timeoutRetry: { ...retry },
      errorRetry: { ...retry, shouldRetry: dontRetryRefusals },
    },
  };
}

export function errorCode(data) {
  try {
    const { response, responseType } = data.networkDetails;
    return JSON.parse(responseType === "arraybuffer" ? new TextDecoder().decode(response) : response).errors[0].code;
  } catch {
    return "";
  }
}

export function isCodecTrouble(data) {
  const { ErrorDetails } = Hls;
  return [ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR, ErrorDetails.BUFFER_ADD_CODEC_ERROR].includes(data.details);
}
