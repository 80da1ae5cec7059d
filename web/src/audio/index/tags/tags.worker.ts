// Reads the tags of one song after the other, away from the page, and makes large covers small. What a stranger's file does
// to it ends with it: the page ends a Worker that does not answer.

import { scaledCover } from "./cover-scale.ts";
import { readTags } from "./song-tags.ts";
import { type TagAnswer, type TagParcel, unpackTags } from "./tag-parcel.ts";

async function read(parcel: TagParcel): Promise<TagAnswer> {
  const tags = readTags(unpackTags(parcel), navigator.languages);
  return { tags: tags && { ...tags, cover: tags.cover && (await scaledCover(tags.cover)) } };
}

self.onmessage = ({ data }: MessageEvent<TagParcel>) => {
  read(data)
    .catch((error: unknown) => {
      console.warn(`tags that cannot be read: ${String(error)}`);
      return { tags: null };
    })
    .then((answer: TagAnswer) => {
      const cover = answer.tags?.cover;
      self.postMessage(answer, { transfer: cover ? [cover.bytes.buffer] : [] });
    });
};
