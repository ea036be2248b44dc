// What a program with Vercel's AI SDK does: node say.mjs ADDRESS TOKEN FORMAT FILE
import { writeFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { experimental_generateSpeech as generateSpeech } from "ai";

const [baseURL, apiKey, outputFormat, file] = process.argv.slice(2);
const { audio } = await generateSpeech({
  model: createOpenAI({ baseURL, apiKey }).speech("tts-1"),
  text: "Hello there.",
  voice: "anna",
  outputFormat,
  maxRetries: 0,
});
writeFileSync(file, audio.uint8Array);
