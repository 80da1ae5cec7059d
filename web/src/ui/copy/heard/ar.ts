// The Arabic words of the question whether the chime was heard.

export const heardWords = {
  question: "رنّ جرس للتو على هذا الهاتف. هل سمعته؟",
  yes: "سمعته",
  no: "لم أسمع شيئًا",
  again: "رنّ مرة أخرى",
  hintsTitle: "ما قد يُبقي هذا الهاتف صامتًا:",
  silentSwitch: "مفتاح الصامت على الجانب أو الوضع الصامت: أوقفه.",
  mediaVolume: "مستوى الصوت: اضغط زر رفع الصوت وهذه الصفحة مفتوحة.",
  otherOutput: "سماعات أو مكبّر Bluetooth متصل: قد يخرج الصوت من هناك.",
};
